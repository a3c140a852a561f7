"""Why a piece of a mover's work came to nothing."""

from __future__ import annotations


class BeginAgain(Exception):
    """What was sent may have taken place or not: forget everything in memory, connect anew and read the ledgers. It says why."""


class AnotherMover(Exception):
    """A ledger has a higher epoch: another mover works, and this one is to do nothing more."""
