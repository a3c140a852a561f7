"""Whole splits with drawn faults, judged by what an application was acknowledged: no silent loss, no job lost or run twice."""
