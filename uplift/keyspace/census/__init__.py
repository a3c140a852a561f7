"""Counts of keys by pattern, and digests of cold keys, before and after an upgrade.

`census`, `change`, `cold_keys`, `cold_check` and `loss` are for outside; it knows neither copy nor verify.
"""
