"""What a run, a rehearsal or an inventory reports.

Self-contained pages, the story of a run, and the private file of key names. For the command line and the rehearsal.
"""
