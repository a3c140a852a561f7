"""How long writes failed, from the application's journal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Outage:
    """The longest time without an acknowledged write, over all threads together; times in seconds since 1970."""

    seconds: float
    began_at: float


def longest_outage(write_times: Sequence[float]) -> Outage:
    """The longest gap between two acknowledged writes; no outage where there are fewer than two."""
    ordered = sorted(write_times)
    gaps = [(later - earlier, earlier) for earlier, later in pairwise(ordered)]
    if not gaps:
        return Outage(0.0, 0.0)
    seconds, began_at = max(gaps)
    return Outage(seconds, began_at)
