"""One database of a run: its member, and what is measured of it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from itertools import islice

from uplift.errors import SourceUnreachable
from uplift.keyspace.follow.engine import Engine
from uplift.keyspace.follow.followed_server import FollowedServer
from uplift.keyspace.follow.in_sync import LONG_SECONDS, Evidence
from uplift.keyspace.follow.member import Member
from uplift.keyspace.follow.messages import standing_text
from uplift.keyspace.follow.meters import Lags, RoundTimes
from uplift.keyspace.follow.own_names import channel_of
from uplift.keyspace.follow.status import DifferenceStatus, StandbyStatus
from uplift.keyspace.follow.totals import Step
from uplift.keyspace.server.replies import ErrorReply, as_bytes, as_int

HEARTBEAT_SECONDS = 0.1
_DATABASE = re.compile(rb"^db(\d+):", re.MULTILINE)
_DEGRADED_SECONDS = 1.0
"""A round that came to nothing now and then is no reason for anybody to look."""
_STANDING_SECONDS = 3.0
_MOST_COUNTED = 10_000


class FollowedDatabase:
    """`lags` and all else are of this process. `keys`: names that a pass has to look at, as far as it is known."""

    def __init__(self, number: int, member: Member) -> None:
        self.number, self.member = number, member
        self.lags, self.times = Lags(), RoundTimes()
        self.keys = 0
        self._counted_for: int | None = None
        self._problem: str | None = None
        self._problem_since = 0.0
        self._stepped_at = 0.0
        self._waiting: dict[bytes, float] = {}

    @property
    def engine(self) -> Engine | None:
        """None while it stands by."""
        return self.member.engine

    @property
    def servers(self) -> list[FollowedServer]:
        """The source, then the targets."""
        return self.member.streams.servers

    @property
    def round(self) -> int:
        """The latest round known."""
        heard = max(server.events.round for server in self.servers)
        return heard if self.engine is None else max(heard, self.engine.round)

    @property
    def lease(self) -> str | None:
        """Who may write, as far as this one knows."""
        if self.engine is not None:
            return self.engine.lease.text.decode("ascii", "replace") if self.engine.lease.epoch else None
        markers = self.servers[0].events.markers
        return markers[next(reversed(markers))].marker.owner.decode("ascii", "replace") if markers else None

    @property
    def is_leading(self) -> bool:
        """Whether this engine holds the lease, as far as it knows."""
        return self.epoch > 0

    @property
    def epoch(self) -> int:
        """Of this engine's lease; 0 where it has none."""
        return 0 if self.engine is None else self.engine.lease.epoch

    @property
    def settled_before(self) -> float | None:
        """As Settled.before; None while it stands by, or is paused."""
        engine = self.engine
        return None if engine is None or engine.is_paused else engine.settled.before

    @property
    def problem(self) -> str | None:
        """Why nothing could be done for a while."""
        lasts = self._problem is not None and time.monotonic() - self._problem_since > _DEGRADED_SECONDS
        return self._problem if lasts else None

    def is_due(self, ready: Iterable[FollowedServer]) -> bool:
        """Whether a step is to be done: something was told, work is left, or a standby must hear that this engine lives."""
        own = {id(server) for server in self.servers}
        has_work = self.engine is not None and self.engine.has_work
        return has_work or time.monotonic() - self._stepped_at >= HEARTBEAT_SECONDS or any(id(server) in own for server in ready)

    def step(self, wait_seconds: float) -> Step:
        """One step of its member. Raises what Member.step raises."""
        step = self.member.step(wait_seconds)
        self._stepped_at = time.monotonic()
        if step.lag_seconds is not None:
            self.lags.add(step.lag_seconds)
        if step.problem is None:
            self._problem = None
        elif self._problem is None:
            self._problem, self._problem_since = step.problem, time.monotonic()
        else:
            self._problem = step.problem
        self._count_keys()
        return step

    def _count_keys(self) -> None:
        """Once a pass: what its time left is told by."""
        engine = self.engine
        if engine is not None and self._counted_for != engine.passes.first_round:
            self._counted_for = engine.passes.first_round
            self.keys = sum(_keys_on(server) for server in self.servers if server.is_ready)

    def look(self) -> None:
        """A few times a second: what is measured by looking, and proven by asking."""
        self.times.look(self.round)
        engine = self.engine
        if engine is None:
            self._say_standing()
            return
        now = time.monotonic()
        self._waiting = {key: self._waiting.get(key, now) for key in islice(engine.dirty.keys_on_both_sides, _MOST_COUNTED)}

    def _say_standing(self) -> None:
        """The engine that writes knows by this that it can hand over."""
        standby, source = self.member.standby, self.servers[0]
        if standby is None or not source.is_ready:
            return
        try:
            text = standing_text(self.member.owner.encode(), is_warm=standby.is_warm)
            source.connection.call("PUBLISH", channel_of(self.number), text)
        except SourceUnreachable as problem:
            source.stop_asking(str(problem))
        except ErrorReply as problem:
            source.problem = f"{source.name} answered: {problem.safe}"

    @property
    def standby(self) -> StandbyStatus:
        """Other engines that said lately that they stand by."""
        since, own = time.monotonic() - _STANDING_SECONDS, self.member.owner.encode()
        heard = [at for owner, at in self.servers[0].events.standing.items() if owner != own and at.heard_at > since]
        return StandbyStatus(len(heard), sum(at.is_warm for at in heard))

    @property
    def oldest_dirty_seconds(self) -> float:
        """How long the key has waited, at least, that waits longest."""
        oldest = [first for server in self.servers if (first := server.events.touches.oldest_round) is not None]
        touched = self.times.seconds_since(min(oldest)) if oldest else 0.0
        waiting = time.monotonic() - min(self._waiting.values()) if self._waiting else 0.0
        return max(touched, waiting)

    def differences(self) -> DifferenceStatus:
        """Keys that are not known to be equal, by class."""
        engine = self.engine
        if engine is None:
            return DifferenceStatus()
        before, now = self.times.round_before(LONG_SECONDS), time.monotonic()
        lasting = 0
        if before is not None:
            lasting = sum(server.events.touches.count_before(before, _MOST_COUNTED) for server in self.servers)
        never_still = sum(now - since > LONG_SECONDS for since in self._waiting.values())
        return DifferenceStatus(max(0, len(engine.dirty) - lasting - never_still), lasting, never_still, self.oldest_dirty_seconds)

    def evidence(self) -> Evidence:
        """What in sync is judged by."""
        engine = self.engine
        if engine is None:
            return Evidence("this engine stands by", False, None, 0.0, None)
        whole, lag = engine.passes.done, self.lags.lag()
        return Evidence(
            self.problem,
            all(server.gaps.are_over for server in self.servers),
            None if whole is None else whole.unexplained,
            self.oldest_dirty_seconds,
            None if lag is None else lag.p99,
        )


def databases_in_use(servers: Iterable[FollowedServer]) -> frozenset[int]:
    """The databases of these servers that hold keys, as far as they can be asked between two steps."""
    found: set[int] = set()
    for server in servers:
        if not server.is_ready:
            continue
        try:
            answer = server.connection.call("INFO", "keyspace")
        except SourceUnreachable as problem:
            server.stop_asking(str(problem))
            continue
        found |= {int(number) for number in _DATABASE.findall(as_bytes(answer))}
    return frozenset(found)


def _keys_on(server: FollowedServer) -> int:
    try:
        return as_int(server.connection.call("DBSIZE"))
    except SourceUnreachable as problem:
        server.stop_asking(str(problem))
    except ErrorReply as problem:
        server.problem = f"{server.name} answered: {problem.safe}"
    return 0
