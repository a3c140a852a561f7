"""One server of a follow, in one database: a connection that asks and writes, a subscription that listens, and what is not known of it."""

from __future__ import annotations

import time
from collections import deque

from uplift.errors import BadInput, SourceUnreachable, TargetRefused, UpliftError
from uplift.keyspace.follow.gaps import Gaps, Reset, ResetKind
from uplift.keyspace.follow.key_state import Side
from uplift.keyspace.follow.scripts import APPLY_ROUND, FORGET_FLUSH, PROBE_CLASSES, RAISE_LEASE, READ_ROUND
from uplift.keyspace.follow.side_events import SideEvents, SourceName
from uplift.keyspace.follow.subscription import Subscription
from uplift.keyspace.server.connection import Connection, Patience
from uplift.keyspace.server.endpoint import Endpoint
from uplift.keyspace.server.facts import ServerFacts, read_server_facts
from uplift.keyspace.server.rdb_version import newest_payload_taken

TIMEOUT_SECONDS = 3.0
RECENT_SECONDS = 3.0
"""How far back a replica that is promoted may be: above any usual replication lag."""
_BETWEEN_TRIES_SECONDS = 0.2
_PATIENCE = Patience(not_ready_seconds=1.0, first_pause_seconds=0.1)
_ABSOLUTE_TTL_SINCE = (5, 0)


class FollowedServer:
    """`last_whole_round`: the last round whose marker was seen and proven here. `problem`: why it cannot be used now, None where it can.

    `must_raise`: its connection was made anew, so what was sent over the old one may take place still, unless the lease is raised.
    `had_lease`: this follow has held the lease here. `is_marked_flushed`: the server itself says that it was flushed.
    """

    def __init__(self, side: Side, name: str, endpoint: Endpoint, database: int, source_name: SourceName) -> None:
        """Open and listen. Raises SourceUnreachable, TargetRefused for a replica, BadInput, or ErrorReply."""
        self.side, self.name, self.endpoint, self.database = side, name, endpoint, database
        self.events = SideEvents(database, source_name)
        self.gaps = Gaps()
        self.last_whole_round = 0
        self.problem: str | None = None
        self.must_raise = True
        self.had_lease = self.is_marked_flushed = False
        self.gap_count = 0
        self.gap_why = ""
        self.subscription: Subscription | None = None
        self._recent_rounds: deque[tuple[float, int]] = deque()
        self._try_at = 0.0
        self.connection, self.facts = self._opened()
        self._subscribe()

    @property
    def has_absolute_ttl(self) -> bool:
        """Whether RESTORE takes a moment in place of a TTL."""
        return self.facts.compatible_version >= _ABSOLUTE_TTL_SINCE

    @property
    def newest_payload(self) -> int:
        """The newest RDB version it restores."""
        return newest_payload_taken(self.facts)

    @property
    def is_ready(self) -> bool:
        """Whether it can be asked and is listened to."""
        return self.subscription is not None and self.connection.fileno() >= 0

    def _opened(self) -> tuple[Connection, ServerFacts]:
        # Not pinned to the address found first: a primary endpoint leads to another node after a failover.
        connection = Connection(self.endpoint, database=self.database, timeout_seconds=TIMEOUT_SECONDS, patience=_PATIENCE)
        try:
            facts = read_server_facts(connection)
            if facts.role != "master":
                raise TargetRefused(f"{self.name} ({self.endpoint}) is a replica, allowed: a primary, since a replica cannot be written")
            for script in (READ_ROUND, APPLY_ROUND, RAISE_LEASE, PROBE_CLASSES, FORGET_FLUSH):
                script.ensure(connection)
        except BaseException:
            connection.close()
            raise
        return connection, facts

    def _subscribe(self) -> None:
        subscription = Subscription(self.connection, self.database)
        if subscription.run_id != self.facts.run_id:
            subscription.close()
            raise SourceUnreachable(f"{self.name} ({self.endpoint}) leads to two processes: it is failing over")
        self.subscription = subscription
        self.events.begin_anew()

    def drain(self, arrived_after: int) -> None:
        """Take what was told since, as SideEvents.take. A subscription that broke opens a gap."""
        if self.subscription is None:
            return
        try:
            self.events.take(self.subscription.arrived(), arrived_after)
        except SourceUnreachable as problem:
            self.stop_listening(str(problem))

    def ping(self) -> bool:
        """Ask for a sign of life over the subscription; whether it was asked."""
        if self.subscription is None:
            return False
        try:
            self.subscription.ping()
        except SourceUnreachable as problem:
            self.stop_listening(str(problem))
            return False
        return True

    def stop_listening(self, why: str) -> None:
        """The subscription is of no use any more: a gap, until the first whole round of another one."""
        if self.subscription is not None:
            self.subscription.close()
            self.subscription = None
        self.open_gap()
        self.problem = why

    def open_gap(self, since: int | None = None, why: str = "") -> None:
        """What was told since the last whole round, or one before it, may not be all. `why` in words, where it is known."""
        if self.gaps.opened is None:
            self.gap_count += 1
            self.gap_why = why
        self.gaps.open(self.last_whole_round if since is None else min(since, self.last_whole_round))

    def stop_asking(self, why: str) -> None:
        """The connection that asks broke: what was sent over it may take place still, or not."""
        self.connection.close()
        self.problem = why

    def make_ready(self) -> frozenset[bytes]:
        """Reach it again where that is needed, at most five times a second. Another process there is a failover.

        Returns the keys whose touches a failover took away. What went wrong is in `problem`.
        """
        now = time.monotonic()
        if self.is_ready or now < self._try_at:
            return frozenset()
        self._try_at = now + _BETWEEN_TRIES_SECONDS
        lost: frozenset[bytes] = frozenset()
        try:
            # Always both: a subscription that broke says that the process may be another one.
            connection, facts = self._opened()
            self.connection.close()
            was, self.connection, self.facts, self.must_raise = self.facts, connection, facts, True
            if facts.run_id != was.run_id:
                lost = self._take_failover()
            if self.subscription is None:
                self._subscribe()
        except UpliftError as problem:
            if isinstance(problem, BadInput):
                raise
            self.problem = str(problem)
            return lost
        self.problem = None
        return lost

    def _take_failover(self) -> frozenset[bytes]:
        if self.subscription is not None:
            self.stop_listening(f"{self.name} ({self.endpoint}) is another process now")
        self.open_gap()
        return self.take_reset(ResetKind.FAILOVER)

    def take_reset(self, kind: ResetKind) -> frozenset[bytes]:
        """Its past is gone. After a failover touches are dropped, and their keys returned, since they stay dirty: what they tell of may not
        have come to the process that answers now. A flush takes nothing back that was told.
        """
        recent = self._recent_rounds[0][1] if self._recent_rounds else self.last_whole_round
        touched = self.events.touches.take_all() if kind is ResetKind.FAILOVER else frozenset()
        self.gaps.resets.append(Reset(kind, recent, touched))
        return touched

    def take_whole_round(self, round_: int) -> None:
        """The round's marker was seen here with its proof: a gap is over."""
        self.last_whole_round = round_
        self.gaps.close(round_)
        now = time.monotonic()
        recent = self._recent_rounds
        recent.append((now, round_))
        while recent[0][0] < now - RECENT_SECONDS:
            recent.popleft()

    def close(self) -> None:
        """Close both connections."""
        self.connection.close()
        if self.subscription is not None:
            self.subscription.close()
