"""Python's search for cycles of objects: a follow makes none, and the search takes some 7 % of its CPU at its usual frequency."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_OBJECTS = 50_000
"""More of them than one round makes (bench/follow.py)."""


@contextmanager
def cycles_looked_for_seldom() -> Iterator[None]:
    """While it lasts the search runs once in so many new objects, and passes over those that there are now."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
