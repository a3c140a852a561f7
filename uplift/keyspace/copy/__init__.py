"""Copies a live Redis to others.

`prepare.prepared_copy` is the way in, `state` is what a copy leaves behind, `clean` removes what a dead copy left. The rest is inside.
"""
