"""Watches a run that follows: its phase, gaps, whether it is in sync, whether the way back is open, and since when each is so."""

from __future__ import annotations

import time

from uplift.keyspace.follow.followed_database import databases_in_use
from uplift.keyspace.follow.followed_server import FollowedServer
from uplift.keyspace.follow.following import Following
from uplift.keyspace.follow.in_sync import LONG_SECONDS, why_not_in_sync
from uplift.keyspace.follow.live_settings import SettingName
from uplift.keyspace.follow.phase import Phase, Work, phase_of
from uplift.keyspace.follow.record import Record
from uplift.keyspace.follow.run_events import EventKind, EventLog
from uplift.keyspace.follow.run_status import Told, foreign_writers
from uplift.keyspace.follow.status import ThrottleStatus
from uplift.keyspace.follow.way_back import WayBack, why_no_way_back

_DATABASES_SECONDS = 5.0


class Watch:
    """`throttled` is set by whoever throttles. Everything else is looked at a few times a second."""

    def __init__(self, record: Record, log: EventLog) -> None:
        self._record, self._log = record, log
        self.phase = Phase.SUBSCRIBING
        self.throttled: ThrottleStatus | None = None
        self.not_followed: frozenset[int] = frozenset()
        self.not_in_sync: str | None = "nothing was compared yet"
        self._phase_since = time.monotonic()
        self._why: str | None = None
        self._in_sync_since: float | None = None
        self._gap_since: float | None = None
        self._gap_counts: dict[int, int] = {}
        self._databases_at = 0.0
        self._way_back = WayBack()
        self._foreign: set[tuple[str, str]] = set()
        self._not_written: str | None = None

    @property
    def is_in_sync(self) -> bool:
        """Whether that was earned, and not lost since."""
        return self._in_sync_since is not None

    def enter(self, phase: Phase, why: str | None = None) -> None:
        """The run is in this phase now."""
        self._why = why
        if phase is self.phase:
            return
        self.phase, self._phase_since = phase, time.monotonic()
        self._log.tell(EventKind.PHASE, phase.value if why is None else f"{phase.value}: {why}")

    def look(self, following: Following) -> None:
        """Take everything as it is now."""
        self._look_at_disk()
        for server in following.servers:
            self._look_at_gaps(server)
        self._look_at_foreign_writers(following)
        self._look_at_sync(following)
        is_paused = self._record.state.settings[SettingName.PAUSED].value > 0
        why = why_no_way_back(following.databases, is_two_way=following.policy.two_way, is_paused=is_paused)
        self._way_back.look(why)
        problem = next((database.problem for database in following.databases if database.problem is not None), None)
        oldest = max(database.oldest_dirty_seconds for database in following.databases)
        work = Work(following.stands_by, following.is_handing_over, is_paused, problem, self.is_in_sync, oldest > LONG_SECONDS)
        self.enter(phase_of(work), problem)

    def _look_at_disk(self) -> None:
        why = self._record.not_written
        if why is not None and self._not_written is None:
            self._log.tell(EventKind.WARNING, f"{why}; it follows on, and an engine that is begun with this directory compares every key")
        self._not_written = why

    def _look_at_gaps(self, server: FollowedServer) -> None:
        if server.gap_count != self._gap_counts.get(id(server), 0):
            self._gap_counts[id(server)] = server.gap_count
            reason = server.problem or server.gap_why
            why = f": {reason}" if reason else ""
            self._log.tell(EventKind.GAP, f"{server.name} database {server.database}: events may have been missed{why}")

    def _look_at_foreign_writers(self, following: Following) -> None:
        for writer in foreign_writers(following):
            if (writer.server, writer.client) not in self._foreign:
                self._foreign.add((writer.server, writer.client))
                self._log.tell(EventKind.FOREIGN_WRITER, f"{writer.server} is written to by {writer.client}")

    def _look_at_sync(self, following: Following) -> None:
        self.not_in_sync = why_not_in_sync({database.number: database.evidence() for database in following.databases})
        if all(server.gaps.opened is None for server in following.servers):
            self._gap_since = None
        elif self._gap_since is None:
            self._gap_since = time.monotonic()
        if self.not_in_sync is None and self._in_sync_since is None:
            self._in_sync_since = time.monotonic()
            left = sum(sum(database.engine.totals.left_unequal.values()) for database in following.databases if database.engine is not None)
            save = f", save {left:,} that stay on one side" if left else ""
            self._log.tell(EventKind.IN_SYNC, f"a whole pass found every key equal{save}, and nothing waits")
        elif self.not_in_sync is not None and self._in_sync_since is not None:
            self._in_sync_since = None
            self._log.tell(EventKind.NOT_IN_SYNC, self.not_in_sync)

    def look_at_databases(self, following: Following) -> None:
        """Where nobody chose some, those that hold keys are followed; one that comes into use later would be forgotten silently."""
        if time.monotonic() < self._databases_at:
            return
        self._databases_at = time.monotonic() + _DATABASES_SECONDS
        followed = {database.number for database in following.databases}
        in_use = databases_in_use(following.databases[0].servers) - followed
        for database in sorted(in_use - self.not_followed):
            self._log.tell(
                EventKind.WARNING,
                f"database {database} came into use and is not followed: end this engine, and begin it again with the same --state",
            )
        self.not_followed = in_use

    def told(self) -> Told:
        """For the status."""
        record = self._record
        return Told(
            record.engine,
            record.is_resumed,
            self.phase,
            self._phase_since,
            self._why,
            self.not_in_sync,
            self._in_sync_since,
            self._gap_since,
            self._way_back.status(),
            self.throttled,
            tuple(sorted(self.not_followed)),
        )
