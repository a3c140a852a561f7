"""Compares targets with their source: `run.verify` is the way in, `result` is what it finds. The rest is inside."""
