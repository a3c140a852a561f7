"""Typed values that travel or are kept.

What was observed, the run's state, its record, settings, facts and report. For everybody; no calls.
"""
