"""A randomised model test of a follow on real servers: record.py says what must come out, faults.py what is done meanwhile."""
