"""Faults somebody switched on for this run."""

from __future__ import annotations

KNOWN_FAULTS = {
    "async-loss": "the last 200 ms of acknowledged writes are gone after the promotion",
    "schedule-twice": "the schedule fires twice, a moment apart",
    "die-after-modify": "the function dies after ElastiCache accepted the modify, before it could say so",
    "throttling": "every third ElastiCache call of the functions is throttled",
}


class Faults:
    """The faults of this run; `die-after-modify` strikes once."""

    def __init__(self, names: list[str]) -> None:
        self._names = set(names)
        self._calls = 0

    def set(self, names: list[str]) -> None:
        """Switch on exactly these."""
        self._names = set(names)

    def is_on(self, name: str) -> bool:
        """Whether a fault is switched on."""
        return name in self._names

    def strikes_once(self, name: str) -> bool:
        """Whether a fault is on; it is off from then on."""
        if name not in self._names:
            return False
        self._names.discard(name)
        return True

    def throttles_this_call(self) -> bool:
        """Whether this ElastiCache call is one of every third."""
        if not self.is_on("throttling"):
            return False
        self._calls += 1
        return self._calls % 3 == 0
