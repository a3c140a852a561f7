"""The reconciling pass: every key of the source, then every key of the targets, put into the same rounds as dirty ones.

It only feeds. It finds what no event told of, ends gaps that were over before it began, and completes the base.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass

from uplift.keyspace.follow.followed_server import FollowedServer
from uplift.keyspace.follow.judgement import Judgement
from uplift.keyspace.keymap.routing import NO_TARGET, Router, Rule
from uplift.keyspace.server.connection import Connection, pack
from uplift.keyspace.server.pipelined_requests import PipelinedRequests
from uplift.keyspace.server.replies import as_scan

_MOST_SLOWED = 100
_MOST = 500
_PAUSE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class WholePass:
    """A pass that came to its end: the round it began with, when (monotonic seconds), how many keys it compared, how many of them differed,
    and how many did though nothing had touched them. `dropped`: how many entries the base had dropped when it began.
    """

    first_round: int
    began_at: float
    ended_at: float
    keys: int
    differing: int
    unexplained: int
    dropped: int


class ReconcilingPass:
    """One pass at a time. `done` is the latest whole one, `count` how many there were; `pending` are keys that need both values.

    `share`: the part of the time that it may take. The first, and one that proves that a gap is over (`is_proof`), take all there is.
    `is_wanted`: another is to begin at once, whatever became of the one under way.
    """

    def __init__(self, source: FollowedServer, targets: list[FollowedServer], router: Router) -> None:
        self._servers = [source, *targets]
        self._router = router
        self._queue: list[FollowedServer] = []
        self._scan: _Scan | None = None
        self._began_at: float | None = None
        self._due_at = 0.0
        self._dropped = 0
        self._fed_until: int | None = None
        self.share = 0.1
        self.is_proof = False
        self.is_wanted = True
        self.first_round = 0
        self.keys = self.differing = self.seen = self.unexplained = self.count = 0
        self.pending: set[bytes] = set()
        self.done: WholePass | None = None

    @property
    def is_running(self) -> bool:
        """Whether keys are still to come."""
        return self._scan is not None or bool(self._queue)

    @property
    def seconds_under_way(self) -> float:
        """How long the pass has taken so far; 0 where none is under way."""
        return 0.0 if self._began_at is None else time.monotonic() - self._began_at

    def is_due(self) -> bool:
        """Whether its next keys may be read now."""
        return self.is_running and time.monotonic() >= self._due_at

    def seconds_until_due(self) -> float:
        """How long until then; infinite where no pass is under way."""
        return max(0.0, self._due_at - time.monotonic()) if self.is_running else math.inf

    @property
    def _is_slowed(self) -> bool:
        return self.done is not None and not self.is_proof

    def is_time_for_another(self) -> bool:
        """Whether one is wanted at once, or the latest is over for long enough, and none waits for what it left to rounds."""
        if self.is_wanted:
            return True
        return self._began_at is None and self.done is not None and time.monotonic() - self.done.ended_at > _PAUSE_SECONDS

    def begin(self, first_round: int, dropped: int) -> None:
        """Begin anew from the first key of the source; `first_round` is the round that its first keys are read in, at the earliest."""
        self.close()
        self.is_wanted = False
        self._queue = list(self._servers)
        self.first_round, self._began_at, self._due_at, self._dropped = first_round, time.monotonic(), 0.0, dropped
        self.keys = self.differing = self.seen = self.unexplained = 0
        self.pending = set()
        self._fed_until = None

    def next_keys(self, is_to_compare: Callable[[bytes], bool], room: int) -> Iterator[tuple[bytes, Rule]]:
        """The next followed keys that are to be compared, about `room` of them. Raises SourceUnreachable or ErrorReply."""
        count = min(room, _MOST_SLOWED if self._is_slowed else _MOST)
        if self._scan is None:
            self._scan = _Scan(self._queue.pop(0), count)
        scan = self._scan
        for name in scan.next_names(count):
            self.seen += 1
            key = scan.server.events.source_name(name)
            if key is None or not is_to_compare(key):
                continue
            rule = self._router.route(key)
            if rule is not None and rule.target != NO_TARGET:
                yield key, rule
        if scan.is_done:
            scan.close()
            self._scan = None

    def take(self, judgement: Judgement, seconds: float) -> None:
        """What the comparison of a page came to, in a round that took so long."""
        self.keys += judgement.equal + len(judgement.need_both_sides)
        self.differing += len(judgement.need_both_sides)
        self.pending.update(judgement.need_both_sides)
        if self._is_slowed:
            self._due_at = time.monotonic() + seconds * (1 / self.share - 1)

    def end_if_done(self, dirty: Container[bytes], round_: int, oldest_round: int) -> WholePass | None:
        """The pass, once everything was compared since it began: what it fed, of which `dirty` still is to be, and what it left to rounds
        because it was touched. `oldest_round`: no touch that is older is left.
        """
        if self.is_running or self._began_at is None:
            return None
        if self._fed_until is None:
            self._fed_until = round_
        if oldest_round <= self._fed_until or any(key in dirty for key in self.pending):
            return None
        self.done = WholePass(
            self.first_round, self._began_at, time.monotonic(), self.keys, self.differing, self.unexplained, self._dropped
        )
        self._began_at = None
        self.count += 1
        return self.done

    def close(self) -> None:
        """Give the scan up."""
        if self._scan is not None:
            self._scan.close()
            self._scan = None
        self._queue = []


class _Scan:
    """The names of one server, a page ahead."""

    def __init__(self, server: FollowedServer, count: int) -> None:
        self.server = server
        self.is_done = False
        self._connection: Connection = server.connection.beside()
        self._requests = PipelinedRequests(self._connection)
        self._ask(b"0", count)

    def _ask(self, cursor: bytes, count: int) -> None:
        self._requests.send(pack("SCAN", cursor, "COUNT", count))

    def next_names(self, count: int) -> list[bytes]:
        cursor, names = as_scan(self._requests.receive())
        if cursor == b"0":
            self.is_done = True
        else:
            self._ask(cursor, count)
        return names

    def close(self) -> None:
        self._connection.close()
