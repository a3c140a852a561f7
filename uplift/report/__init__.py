"""What a run, a rehearsal or an inventory tells.

Self-contained pages, the story of a run, and the private file of key names. For the command line and the rehearsal.
"""
