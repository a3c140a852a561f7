"""Tests of the rehearsal of a split."""
