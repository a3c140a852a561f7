"""What becomes news only once it has lasted: it is told once, and once more when it is over."""

from __future__ import annotations

from dataclasses import dataclass, field

from uplift.split.run.split_events import EventKind

LONG_SECONDS: dict[EventKind, float] = {
    EventKind.LAG: 10.0,
    EventKind.THROTTLED: 60.0,
    EventKind.STANDBY_LOST: 5.0,
    EventKind.WAY_BACK_LOST: 3.0,
}


@dataclass(slots=True)
class Lasting:
    """By kind, since when it is so, and whether it was told."""

    _since: dict[EventKind, float] = field(default_factory=dict)
    _told: set[EventKind] = field(default_factory=set)

    def look(self, kind: EventKind, why: str | None, now: float) -> str | None:
        """`why` None: it is not so; `now` in monotonic seconds. What is to be told, or None."""
        if why is None:
            self._since.pop(kind, None)
            if kind in self._told:
                self._told.discard(kind)
                return "over"
            return None
        since = self._since.setdefault(kind, now)
        if kind in self._told or now - since < LONG_SECONDS[kind]:
            return None
        self._told.add(kind)
        return why

    def forget(self) -> None:
        """Nothing of it matters any more."""
        self._since.clear()
        self._told.clear()
