"""Reads and counts a live Redis; knows RESP and Redis, nothing of AWS."""
