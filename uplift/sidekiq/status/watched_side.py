"""A side that is looked at again and again: its status, and how fast jobs come into its queues and leave them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from uplift.keyspace.server.connection import Connection
from uplift.sidekiq.keys.survey import Survey
from uplift.sidekiq.status.queue_rates import QueueLook, QueueRate, look, rate_between
from uplift.sidekiq.status.side_status import SideStatus, read_side_status

_SURVEY_SECONDS = 60.0
_MOST_READ = 1_000


@dataclass(frozen=True, slots=True)
class Watched:
    """`rates` by queue, none of a queue that is looked at for the first time. `processed_a_second`: by Sidekiq's own count, which its
    processes raise every 5 to 10 s; None before that is known.
    """

    status: SideStatus
    rates: dict[bytes, QueueRate]
    processed_a_second: float | None


@dataclass(slots=True)
class WatchedSide:
    """`survey` reads all keys; that is done once a minute, everything else at every look. `clock`: seconds that only go on."""

    connection: Connection
    survey: Callable[[Connection], Survey]
    words: frozenset[str] = frozenset()
    clock: Callable[[], float] = time.monotonic
    _surveyed: Survey | None = None
    _surveyed_at: float = 0.0
    _looks: dict[bytes, QueueLook] = field(default_factory=dict)
    _processed: tuple[float, int] | None = None

    def look(self) -> Watched:
        """The side as it is now. Raises what Connection.call raises; go on with `begin_again` then."""
        now = self.clock()
        if self._surveyed is None or now - self._surveyed_at >= _SURVEY_SECONDS:
            self._surveyed, self._surveyed_at = self.survey(self.connection), now
        status = read_side_status(self.connection, self._surveyed, words=self.words, most_read=_MOST_READ)
        return Watched(status, self._rates(status), self._processed_rate(status))

    def begin_again(self, connection: Connection) -> None:
        """Over another connection: what was seen before the old one broke is of another time, or of another server."""
        self.connection.close()
        self.connection = connection
        self._surveyed, self._processed = None, None
        self._looks.clear()

    def _rates(self, status: SideStatus) -> dict[bytes, QueueRate]:
        rates, looks = {}, {}
        for queue in status.queues:
            before = self._looks.get(queue.name)
            looks[queue.name] = after = look(self.connection, queue.name, before, self.clock())
            rate = rate_between(before, after) if before is not None else None
            if rate is not None:
                rates[queue.name] = rate
        self._looks = looks
        return rates

    def _processed_rate(self, status: SideStatus) -> float | None:
        before, now, processed = self._processed, self.clock(), status.statistics.processed
        if processed is None:
            return None
        if before is None:
            self._processed = (now, processed)
            return None
        # From the first look on: over a few seconds it would be 0 or ten times too much.
        return (processed - before[1]) / (now - before[0]) if now > before[0] and processed >= before[1] else None
