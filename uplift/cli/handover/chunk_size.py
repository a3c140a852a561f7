"""How many jobs a chunk may have under a throttle: what is taken and not yet applied nobody can run, so that it is to be little."""

from __future__ import annotations

from dataclasses import replace

from uplift.sidekiq.mover.mover import DEPTH
from uplift.sidekiq.mover.source_side import TakeLimits


def limits_under(throttle: float) -> TakeLimits:
    """Of one chunk, so that what is taken in one go is a second's jobs at most; `throttle` 0: none."""
    usual = TakeLimits()
    return replace(usual, jobs=max(1, min(usual.jobs, int(throttle / DEPTH)))) if throttle else usual
