"""Whether other engines live, by their beats and this process's own clock: no two machines need to agree on the time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from uplift.split.store.store import Beat

DEAD_SECONDS = 10.0
"""An engine beats once a second."""


@dataclass(slots=True)
class WatchedBeats:
    """Of every engine but `engine`, when its count was seen to grow last (monotonic seconds); a first sight is none. One whose count was
    not seen to grow is silent since somebody asked for it first, and not since this process began: it may have begun later.
    """

    engine: str
    clock: Callable[[], float] = time.monotonic
    _counts: dict[str, int] = field(default_factory=dict)
    _grew_at: dict[str, float] = field(default_factory=dict)
    _latest: dict[str, Beat] = field(default_factory=dict)
    _asked_at: dict[str, float] = field(default_factory=dict)

    def look(self, beats: Iterable[Beat]) -> None:
        """What the store has now."""
        now = self.clock()
        for beat in beats:
            if beat.engine == self.engine:
                continue
            before = self._counts.get(beat.engine)
            if before is not None and beat.count > before:
                self._grew_at[beat.engine] = now
            self._counts[beat.engine] = beat.count
            self._latest[beat.engine] = beat

    def alive(self) -> tuple[Beat, ...]:
        """Those that were seen to grow lately, and have not left."""
        return tuple(beat for name, beat in self._latest.items() if self._is_alive(name) and not beat.has_left)

    def seconds_silent(self, engine: str) -> float:
        """How long an engine has said nothing, at least."""
        now = self.clock()
        return now - self._grew_at.get(engine, self._asked_at.setdefault(engine, now))

    def _is_alive(self, engine: str) -> bool:
        return engine in self._grew_at and self.clock() - self._grew_at[engine] < DEAD_SECONDS
