"""How long things take here, against how long they take in AWS."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """`outage_seconds` is what clients see when the primary moves; the rest only makes waiting shorter than in AWS."""

    outage_seconds: float = 30.0
    status_seconds: float = 1.0
    wait_scale: float = 0.2
