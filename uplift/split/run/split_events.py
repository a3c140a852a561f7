"""What happens in a run, for a person and for `--on-event`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum

from uplift.split.record.stage import Phase

SCHEMA = "uplift.split.event/1"


class EventKind(StrEnum):
    """The words an `--on-event` command can tell apart."""

    PHASE = "phase"
    IN_SYNC = "in sync"
    NOT_IN_SYNC = "not in sync"
    GAP = "gap"
    LAG = "lag"
    THROTTLED = "throttled"
    STANDBY_LOST = "standby lost"
    WAY_BACK_LOST = "way back lost"
    FOREIGN_WRITER = "foreign writer"
    STEP = "step"
    ASKED = "asked"
    NAMED = "named"
    TOOK_OVER = "took over"
    FENCED = "fenced"
    CRON = "cron"
    LATE = "late"
    NOTE = "note"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class SplitEvent:
    """`at` in seconds since 1970."""

    kind: EventKind
    text: str
    at: float
    run: str
    phase: Phase

    def document(self) -> dict[str, object]:
        """As it is told to an `--on-event` command."""
        return {"schema": SCHEMA, **asdict(self)}
