"""What a verification finds, and how it is asked to look."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from uplift.keyspace.server.expiry import READINGS_DIFFER_MILLISECONDS
from uplift.keyspace.server.page_reader import ReadLimits

MOST_LISTED = 10_000


class Difference(StrEnum):
    """How a key differs. CHANGING is not one: the source itself moves."""

    MISSING = "missing"
    EXTRA = "extra"
    VALUE = "value"
    TTL = "ttl"
    WRONG_SIDE = "wrong side"
    CHANGING = "still changing"


@dataclass(frozen=True, slots=True)
class Found:
    """One difference. `key` is the source's name of it where it has one there, else the target's."""

    difference: Difference
    database: int
    key: bytes
    target: int
    detail: str


@dataclass(slots=True)
class VerifyResult:
    """Counts of everything, and the first differences in full (`found` is capped at MOST_LISTED; `spill` got all of them)."""

    compared: int = 0
    equal: int = 0
    counts: dict[Difference, int] = field(default_factory=dict)
    found: list[Found] = field(default_factory=list)

    @property
    def differences(self) -> int:
        """Everything but keys that are still changing."""
        return sum(count for difference, count in self.counts.items() if difference is not Difference.CHANGING)

    @property
    def changing(self) -> int:
        """Keys whose source moved during every recheck."""
        return self.counts.get(Difference.CHANGING, 0)


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    """`ttl_tolerance` in ms; `rechecks`: how often a key that differs is read again before it
    is called different, with `pause_seconds` between. Bytes are those of strings."""

    ttl_tolerance: int = 250
    rechecks: int = 3
    pause_seconds: float = 0.3
    keys_a_second: int = 0
    bytes_a_second: int = 0
    limits: ReadLimits = field(default_factory=ReadLimits)

    def for_repair(self) -> VerifyOptions:
        """Stricter by what two readings can differ: what a repair leaves alone must be equal for the comparison after it too."""
        return replace(self, ttl_tolerance=max(0, self.ttl_tolerance - READINGS_DIFFER_MILLISECONDS))
