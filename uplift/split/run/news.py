"""What happened since somebody looked last; the follow's own events in a split's words."""

from __future__ import annotations

import time

from uplift.keyspace.follow.run_events import EventKind as FollowEventKind
from uplift.keyspace.follow.run_step import RunStep
from uplift.split.record.stage import Phase
from uplift.split.run.split_events import EventKind, SplitEvent

_KINDS = {
    FollowEventKind.IN_SYNC: EventKind.IN_SYNC,
    FollowEventKind.NOT_IN_SYNC: EventKind.NOT_IN_SYNC,
    FollowEventKind.GAP: EventKind.GAP,
    FollowEventKind.FOREIGN_WRITER: EventKind.FOREIGN_WRITER,
    FollowEventKind.NAMED: EventKind.NAMED,
    FollowEventKind.WARNING: EventKind.WARNING,
}


class News:
    """`run` and `phase` are put on every event."""

    def __init__(self) -> None:
        self.run, self.phase = "", Phase.PREFLIGHT
        self._events: list[SplitEvent] = []
        self._untold: list[SplitEvent] = []

    def tell(self, kind: EventKind, text: str) -> None:
        """Something happened."""
        event = SplitEvent(kind, text, time.time(), self.run, self.phase)
        self._events.append(event)
        self._untold.append(event)

    def take_follow(self, step: RunStep) -> None:
        """What the follow says."""
        for event in step.events:
            self.tell(_KINDS.get(event.kind, EventKind.NOTE), f"follow: {event.text}")

    def take(self) -> tuple[SplitEvent, ...]:
        """Everything since the last time, for whoever drives the run."""
        events, self._events = tuple(self._events), []
        return events

    def take_untold(self) -> tuple[SplitEvent, ...]:
        """Everything since the last time, for `--on-event`."""
        events, self._untold = tuple(self._untold), []
        return events
