"""Tests of the split, a package for each of its rooms."""
