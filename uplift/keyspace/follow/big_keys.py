"""Keys too big for a page, one at a time, beside the rounds: watched on both sides, read in pieces, decided as any other, swapped in whole.

What a page does by one script and a compared token, this does by WATCH: the value of the side that wins is the same from its first piece to
its last, and the apply takes place only where nobody touched the other side since both were watched.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum, auto

from uplift.errors import NotConvertible, UpliftError
from uplift.keyspace.follow.applying import ANYTHING, Applied, Change, Write, apply_reply_of, apply_request
from uplift.keyspace.follow.big_look import BigLook, is_untouched, look, watch
from uplift.keyspace.follow.followed_server import FollowedServer
from uplift.keyspace.follow.key_state import ABSENT, FOREVER, Side
from uplift.keyspace.follow.lease import Lease
from uplift.keyspace.follow.own_names import TEMPORARY_PREFIX
from uplift.keyspace.follow.scripts import APPLY_ROUND
from uplift.keyspace.keymap.key_label import KeyLabels
from uplift.keyspace.rdb.payload import converted, fits, payload_version
from uplift.keyspace.server.big_key_copier import BigKeyCopier, BigOutcome
from uplift.keyspace.server.connection import pack
from uplift.keyspace.server.expiry import Expiry
from uplift.keyspace.server.page_reader import ReadLimits
from uplift.keyspace.server.replies import as_bytes
from uplift.keyspace.server.target import Target
from uplift.keyspace.server.value_pieces import NeedsWhole, drain

WHOLE_BYTES = 8 * 1024 * 1024
"""What one DUMP of a value that has no pieces may take: it holds the server meanwhile."""

_TEMPORARY_TTL_MILLISECONDS = 10 * 60 * 1000
"""Of what an engine that is killed leaves behind."""


class Stage(Enum):
    """Where a big key is: being watched; watched, until a round's markers; being read; read, to be decided; being written; over."""

    WATCHING = auto()
    WATCHED = auto()
    LOOKING = auto()
    LOOKED = auto()
    WRITING = auto()
    OVER = auto()


@dataclass(frozen=True, slots=True)
class BigWrite:
    """What is to be done: which side wins, with which life in place of its own, and whose round it is."""

    winner: Side
    life: int | None
    lease: Lease
    round: int
    page: int


@dataclass(frozen=True, slots=True)
class BigWritten:
    """What came of it. `problem`: why the key is named; `is_changed`: somebody touched it meanwhile, the lease was not met, or the server
    refused it, and it is to be tried again.
    """

    is_changed: bool = False
    problem: str | None = None


class BigKey:
    """One key, from being watched to being written. `names` by side; `round` is the first whose markers lie behind the watching,
    `wanted` what is being written.

    Everything that waits for a server runs in one thread beside.
    """

    def __init__(self, key: bytes, names: tuple[bytes, bytes], servers: tuple[Target, Target], run: str, limits: ReadLimits) -> None:
        self.key, self.names = key, names
        self.stage = Stage.WATCHING
        self.looks: tuple[BigLook, BigLook] | None = None
        self.written = BigWritten()
        self.began_at = time.monotonic()
        self.round: int | None = None
        self.wanted: BigWrite | None = None
        self._servers, self._run, self._limits = servers, run, limits

    def watch(self) -> None:
        """Watch it on both sides."""
        for side in Side:
            watch(self._servers[side], self.names[side])

    def look(self) -> None:
        """Read both sides for their digests."""
        self.looks = (
            look(self._servers[Side.SOURCE], self.names[Side.SOURCE], self._limits),
            look(self._servers[Side.TARGET], self.names[Side.TARGET], self._limits),
        )

    def confirm_equal(self) -> None:
        """Both were equal as they were read, if nobody touched them meanwhile."""
        untouched = [is_untouched(self._servers[side]) for side in Side]
        self.written = BigWritten(is_changed=not all(untouched))

    def write(self, wanted: BigWrite) -> None:
        """Bring the side that loses to what the other one holds. Raises ErrorReply, SourceUnreachable or TargetRefused."""
        self.wanted = wanted
        temporary = TEMPORARY_PREFIX + f"{self._run}:new".encode()
        try:
            self.written = self._write(wanted, temporary)
        except NotConvertible as problem:
            self.written = BigWritten(problem=str(problem))
        finally:
            loser = self._servers[wanted.winner.other]
            drain(loser.connection, [temporary, temporary + b":old"], has_unlink=loser.has_unlink)

    def _write(self, wanted: BigWrite, temporary: bytes) -> BigWritten:
        if self.looks is None:
            raise RuntimeError("a big key is read before it is written")
        mine = self.looks[wanted.winner]
        name = self.names[wanted.winner.other]
        if mine.state is None:
            if not is_untouched(self._servers[wanted.winner]):
                return BigWritten(is_changed=True)
            return self._apply(wanted, Change(self.key, name, ANYTHING, FOREVER, Write.DELETE, temporary, FOREVER, ABSENT))
        built = self._built(wanted.winner, mine, temporary)
        # A BigOutcome is a str too: it comes first.
        if built is None or isinstance(built, BigOutcome):
            return BigWritten(is_changed=True)
        if isinstance(built, str):
            return BigWritten(problem=built)
        life = (FOREVER if built.at is None else built.at) if wanted.life is None else wanted.life
        return self._apply(wanted, Change(self.key, name, ANYTHING, FOREVER, Write.RENAME, temporary, life, mine.state.token))

    def _built(self, winner: Side, mine: BigLook, temporary: bytes) -> Expiry | BigOutcome | str | None:
        """Build the winner's value under the temporary name; a reason where that cannot be."""
        source, loser = self._servers[winner], self._servers[winner.other]
        copier = BigKeyCopier(source.connection, source.facts, self._run, self._limits, WHOLE_BYTES)
        entry = mine.entry(self.names[winner])
        try:
            return copier.build(entry, loser, temporary)
        except NeedsWhole:
            return self._built_whole(source, loser, mine, self.names[winner], temporary)

    def _built_whole(self, source: Target, loser: Target, mine: BigLook, name: bytes, temporary: bytes) -> Expiry | BigOutcome | str:
        state = mine.state
        if state is None or state.size > WHOLE_BYTES:
            return f"it cannot be read in pieces, and is too big to be read whole ({WHOLE_BYTES:,} bytes)"
        answers = source.connection.call_all([pack("MULTI"), pack("DUMP", name), pack("EXEC")])[-1]
        if not isinstance(answers, list) or answers[0] is None:
            return BigOutcome.CHANGED
        payload = as_bytes(answers[0])
        if not fits(payload_version(payload), loser.newest_payload):
            payload = converted(payload, loser.newest_payload)
        loser.connection.call("RESTORE", temporary, _TEMPORARY_TTL_MILLISECONDS, payload, "REPLACE")
        return Expiry(None if state.life == FOREVER else state.life, mine.clock)

    def _apply(self, wanted: BigWrite, change: Change) -> BigWritten:
        loser = self._servers[wanted.winner.other]
        request = apply_request(
            [change], wanted.lease, loser.connection.database, wanted.round, wanted.page, self._limits, has_absolute_ttl=True
        )
        APPLY_ROUND.ensure(loser.connection)
        executed = loser.connection.call_all([pack("MULTI"), request, pack("EXEC")])[-1]
        if not isinstance(executed, list):
            return BigWritten(is_changed=True)
        answer = apply_reply_of(executed[0], [change])
        return BigWritten(is_changed=answer.letters != (Applied.DONE,))


class BigKeys:
    """The big keys that wait, and the one that is under way. A key is not read more often than its transfer takes.

    `failed`: the one whose connection broke, until it is taken.
    """

    def __init__(self, run: str, limits: ReadLimits) -> None:
        self.under_way: BigKey | None = None
        self.failed: BigKey | None = None
        self._run, self._limits = run, limits
        self._not_before: dict[bytes, float] = {}
        self._waiting: dict[bytes, None] = {}
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._running: Future[None] | None = None
        self._servers: dict[str, Target] = {}

    def __contains__(self, key: object) -> bool:
        return key in self._waiting

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, key: bytes) -> None:
        """A key to be brought."""
        self._waiting[key] = None

    @property
    def is_busy(self) -> bool:
        """Whether a server is being waited for."""
        return self._running is not None and not self._running.done()

    def is_due(self) -> bool:
        """Whether one may begin, or one that is under way may go on."""
        if self.under_way is not None:
            return not self.is_busy
        now = time.monotonic()
        return any(self._not_before.get(key, 0.0) <= now for key in self._waiting)

    def begin(self, name_on: Callable[[Side, bytes], bytes], server_of: Callable[[Side, bytes], FollowedServer]) -> None:
        """Begin with the next one that may be read."""
        now = time.monotonic()
        key = next((key for key in self._waiting if self._not_before.get(key, 0.0) <= now), None)
        if key is None:
            return
        names = (name_on(Side.SOURCE, key), name_on(Side.TARGET, key))
        try:
            servers = (self._connected(server_of(Side.SOURCE, key)), self._connected(server_of(Side.TARGET, key)))
        except UpliftError:
            self._put_off(key, 1.0)
            return
        self.under_way = BigKey(key, names, servers, self._run, self._limits)
        self._start(self.under_way.watch)

    def _connected(self, server: FollowedServer) -> Target:
        """A connection for big values alone; its process must be the one that the round's connection has."""
        there = self._servers.get(server.name)
        if there is None or there.facts.run_id != server.facts.run_id:
            if there is not None:
                there.close()
            there = self._servers[server.name] = Target(server.name, server.endpoint, server.database, KeyLabels())
            there.connection.select(server.database)
        return there

    def _start(self, work: Callable[[], None]) -> None:
        self._running = self._thread.submit(work)

    def go_on(self, work: Callable[[], None], stage: Stage) -> None:
        """Wait for a server beside the rounds, in this stage."""
        if self.under_way is not None:
            self.under_way.stage = stage
            self._start(work)

    def take_result(self) -> BigKey | None:
        """The one under way, with the stage it has come to; None while it is waited for, or where it failed and will be tried again."""
        current, running = self.under_way, self._running
        if current is None or (running is not None and not running.done()):
            return None
        if running is not None:
            self._running = None
            problem = running.exception()
            if isinstance(problem, UpliftError):
                self._give_up(current)
                return None
            if problem is not None:
                raise problem
            current.stage = _AFTER[current.stage]
        return current

    def _give_up(self, current: BigKey) -> None:
        """A connection broke, or a server refused: with new ones, later."""
        for server in self._servers.values():
            server.close()
        self._servers.clear()
        self.failed = current
        self.end(current, is_done=False)

    def end(self, current: BigKey, *, is_done: bool) -> None:
        """It is written and settled, or will be tried again: not before as much time is over as it took."""
        self.under_way = None
        took = time.monotonic() - current.began_at
        if is_done:
            self._waiting.pop(current.key, None)
        self._put_off(current.key, took)

    def _put_off(self, key: bytes, seconds: float) -> None:
        now = time.monotonic()
        self._not_before = {name: at for name, at in self._not_before.items() if at > now}
        self._not_before[key] = now + seconds
        if key in self._waiting:
            # Behind the others.
            del self._waiting[key]
            self._waiting[key] = None

    def close(self) -> None:
        """Give up what runs: its connections are closed under it."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        for server in self._servers.values():
            server.close()


_AFTER = {Stage.WATCHING: Stage.WATCHED, Stage.LOOKING: Stage.LOOKED, Stage.WRITING: Stage.OVER}
