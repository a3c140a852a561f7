"""Can the run rely on its snapshot? A pure decision."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from uplift.inplace.records.observation import AVAILABLE, SnapshotObservation

_ON_THE_WAY = frozenset({"creating", "copying"})


class SnapshotVerdict(StrEnum):
    """What to do about the run's snapshot."""

    CREATE = "create"
    WAIT = "wait"
    READY = "ready"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class SnapshotDecision:
    """The verdict and its reason."""

    verdict: SnapshotVerdict
    reason: str


def decide_snapshot(
    snapshot: SnapshotObservation | None, *, source_ids: frozenset[str], now: datetime, longest_age_minutes: int
) -> SnapshotDecision:
    """Decide on the run's snapshot, found by its name (None: there is none yet)."""
    if snapshot is None:
        return SnapshotDecision(SnapshotVerdict.CREATE, "no snapshot of this run yet")
    if snapshot.status in _ON_THE_WAY:
        return SnapshotDecision(SnapshotVerdict.WAIT, f"snapshot {snapshot.name} is {snapshot.status}")
    if snapshot.status != AVAILABLE:
        return _refuse(f"snapshot {snapshot.name} is {snapshot.status!r}, expected {AVAILABLE!r}: delete it or raise upgrade.attempt")
    if snapshot.source_id not in source_ids:
        return _refuse(f"snapshot {snapshot.name} is of {snapshot.source_id}, expected one of {', '.join(sorted(source_ids))}")
    if not snapshot.size or snapshot.created_at is None:
        return _refuse(f"snapshot {snapshot.name} has no size or date, so nothing shows that it holds data")
    age_minutes = int((now - snapshot.created_at).total_seconds() // 60)
    if age_minutes > longest_age_minutes:
        return _refuse(
            f"snapshot {snapshot.name} is {age_minutes} minutes old, allowed: {longest_age_minutes}. "
            "It is of an earlier start of this run: raise upgrade.attempt to take a new one"
        )
    return SnapshotDecision(SnapshotVerdict.READY, f"snapshot {snapshot.name} holds {snapshot.size}")


def _refuse(reason: str) -> SnapshotDecision:
    return SnapshotDecision(SnapshotVerdict.REFUSE, reason)
