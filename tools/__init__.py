"""Build steps: what the Makefile calls."""
