"""One target: its connection, what its version can do, and the requests that write a key to it.

A key that may have come to the target meanwhile is written *exclusively*: SET NX, or RESTORE without REPLACE, and only where that took
place is its TTL set to the ms, by a request that follows the answer. So nobody else's key is ever overwritten or made to expire.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum

from uplift.errors import NotConvertible, TargetRefused
from uplift.keyspace.keymap.key_label import KeyLabels
from uplift.keyspace.rdb.payload import converted, fits, payload_version
from uplift.keyspace.server.connection import NOT_READY, Connection, NotReady
from uplift.keyspace.server.endpoint import Endpoint
from uplift.keyspace.server.expiry import LATEST, LONGEST_RELATIVE
from uplift.keyspace.server.facts import ServerFacts, distance_within_memory, read_server_facts
from uplift.keyspace.server.rdb_version import newest_payload_taken
from uplift.keyspace.server.replies import ErrorReply, Reply
from uplift.keyspace.server.window import NEAR, requests_under_way

_ABSOLUTE_TTL_SINCE = (5, 0)
_BATCHES_UNDER_WAY = 4
_FULL_KEYS = 100
_FULL_BYTES = 128 * 1024
_EXISTS = "BUSYKEY"


class Existing(StrEnum):
    """What happens to a key that the target already has: the run refuses to start, keeps it, or replaces it."""

    FAIL = "fail"
    SKIP = "skip"
    REPLACE = "replace"


class WriteMode(StrEnum):
    """FAST writes strings by SET: half the cost on both sides, and key events. SILENT writes all by RESTORE, which makes none."""

    FAST = "fast"
    SILENT = "silent"


@dataclass(slots=True)
class Batch:
    """Requests that are built up, and whose replies will come: one request, one name and one count of replies for each key.

    `then` are requests that follow the answer, by position: the exact TTL of a key that was written exclusively.
    """

    parts: list[bytes] = field(default_factory=list)
    names: list[bytes] = field(default_factory=list)
    replies: list[int] = field(default_factory=list)
    then: list[tuple[int, bytes]] = field(default_factory=list)


class Target:
    """A Redis that is written to. Requests are pipelined; at most four batches are unanswered at a time, far away more.

    `kept` are names that were written exclusively and were there already.
    """

    def __init__(self, name: str, endpoint: Endpoint, database: int, labels: KeyLabels) -> None:
        self.name = name
        self.connection = Connection(endpoint, database=database)
        self.facts: ServerFacts = read_server_facts(self.connection)
        self.connection.remember_process(self.facts.run_id)
        self.distance = distance_within_memory(self.connection, self.facts)
        self._most_under_way = _BATCHES_UNDER_WAY - NEAR + requests_under_way(self.distance.round_trip)
        self.newest_payload = newest_payload_taken(self.facts)
        self.has_absolute_ttl = self.facts.compatible_version >= _ABSOLUTE_TTL_SINCE
        self.has_unlink = self.facts.has_unlink
        self.kept: list[bytes] = []
        self._labels = labels
        self._batch = Batch()
        self._under_way: deque[Batch] = deque()

    def add_string(self, name: bytes, value: bytes, ttl: int, expires_at: int, *, exclusive: bool) -> None:
        """SET, with a TTL at once and then to the millisecond: a crash between the two leaves no key that never expires.

        `ttl` in ms, -1: none; `expires_at` in ms since 1970. SET with PXAT came with 6.2.
        """
        batch = self._batch
        batch.names.append(name)
        size = len(name)
        if ttl < 0:
            batch.replies.append(1)
            set_it = (
                b"*4\r\n$3\r\nSET\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n$2\r\nNX\r\n"
                if exclusive
                else b"*3\r\n$3\r\nSET\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n"
            )
            batch.parts.append(set_it % (size, name, len(value), value))
            return
        if ttl > LONGEST_RELATIVE:
            ttl, expires_at = LONGEST_RELATIVE, min(expires_at, LATEST)
        px, pexpireat = b"%d" % ttl, b"%d" % expires_at
        if exclusive:
            batch.replies.append(1)
            batch.then.append(
                (len(batch.parts), b"*3\r\n$9\r\nPEXPIREAT\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n" % (size, name, len(pexpireat), pexpireat))
            )
            batch.parts.append(
                b"*6\r\n$3\r\nSET\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n$2\r\nNX\r\n$2\r\nPX\r\n$%d\r\n%b\r\n"
                % (size, name, len(value), value, len(px), px)
            )
            return
        batch.replies.append(2)
        batch.parts.append(
            b"*5\r\n$3\r\nSET\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n$2\r\nPX\r\n$%d\r\n%b\r\n*3\r\n$9\r\nPEXPIREAT\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n"
            % (size, name, len(value), value, len(px), px, size, name, len(pexpireat), pexpireat)
        )

    def add_payload(self, name: bytes, payload: bytes, ttl: int, expires_at: int, *, exclusive: bool, check_form: bool) -> None:
        """RESTORE, atomic with its TTL where the target has ABSTTL (5.0); before, with the TTL at once and then to the millisecond.

        Raises NotConvertible, naming the key, for a value the target cannot hold.
        """
        if check_form and not fits(payload_version(payload), self.newest_payload):
            try:
                payload = converted(payload, self.newest_payload)
            except NotConvertible as problem:
                raise NotConvertible(f"{self._labels.label(name)}: {problem} ({self.name}: {self.facts.version})") from None
        batch = self._batch
        batch.names.append(name)
        flags = (b"" if exclusive else b"$7\r\nREPLACE\r\n") + (b"$6\r\nABSTTL\r\n" if ttl >= 0 and self.has_absolute_ttl else b"")
        arguments = 4 + (not exclusive) + (ttl >= 0 and self.has_absolute_ttl)
        if ttl > LONGEST_RELATIVE:
            ttl, expires_at = LONGEST_RELATIVE, min(expires_at, LATEST)
        moment = b"%d" % expires_at
        ttl_argument = b"0" if ttl < 0 else moment if self.has_absolute_ttl else b"%d" % ttl
        request = b"*%d\r\n$7\r\nRESTORE\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n%b" % (
            arguments, len(name), name, len(ttl_argument), ttl_argument, len(payload), payload, flags,
        )  # fmt: skip
        batch.replies.append(1)
        if ttl >= 0 and not self.has_absolute_ttl:
            exact = b"*3\r\n$9\r\nPEXPIREAT\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n" % (len(name), name, len(moment), moment)
            if exclusive:
                batch.then.append((len(batch.parts), exact))
            else:
                request += exact
                batch.replies[-1] = 2
        batch.parts.append(request)

    def add_delete(self, name: bytes) -> None:
        """DEL, for a key that has expired on the source."""
        batch = self._batch
        batch.names.append(name)
        batch.replies.append(1)
        batch.parts.append(b"*2\r\n$3\r\nDEL\r\n$%d\r\n%b\r\n" % (len(name), name))

    def flush_when_full(self, page_bytes: int) -> None:
        """Send what was added once it is worth a system call: a page is split over the targets, so one page alone is little."""
        if len(self._batch.names) >= _FULL_KEYS or page_bytes >= _FULL_BYTES:
            self.flush()

    def flush(self) -> None:
        """Send what was added; waits for the oldest answers where too many batches are unanswered.

        Raises TargetRefused, or NotReady where the target did not do what was asked but will soon.
        """
        batch = self._batch
        if not batch.parts:
            return
        self._batch = Batch()
        self._send(batch)
        while len(self._under_way) > self._most_under_way:
            self._settle(self._under_way.popleft())

    def _send(self, batch: Batch) -> None:
        self.connection.send(b"".join(batch.parts))
        batch.parts = []
        self._under_way.append(batch)

    def settle(self) -> None:
        """Wait for every answer. Raises TargetRefused naming the first key that was not written, and why, or NotReady."""
        self.flush()
        while self._under_way:
            self._settle(self._under_way.popleft())

    def _settle(self, batch: Batch) -> None:
        replies = self.connection.read_many(sum(batch.replies))
        kinds = set(map(type, replies))
        if ErrorReply in kinds or type(None) in kinds:
            written = self._written(batch, replies)
            batch.then = [(position, request) for position, request in batch.then if written[position]]
        if batch.then:
            positions = [position for position, _ in batch.then]
            exact = [request for _, request in batch.then]
            self._send(Batch(exact, [batch.names[position] for position in positions], [1] * len(exact)))

    def _written(self, batch: Batch, replies: list[Reply | ErrorReply]) -> list[bool]:
        """Which keys of a batch were written; the others are kept. Raises for an answer that stops the run."""
        written, at = [], 0
        for name, count in zip(batch.names, batch.replies, strict=True):
            answers = replies[at : at + count]
            at += count
            for answer in answers:
                if isinstance(answer, ErrorReply) and answer.word != _EXISTS:
                    raise self._refusal(name, answer)
            # SET NX answers nil where the key is there.
            is_there = any(answer is None or isinstance(answer, ErrorReply) for answer in answers)
            if is_there:
                self.kept.append(name)
            written.append(not is_there)
        return written

    def _refusal(self, name: bytes, problem: ErrorReply) -> TargetRefused | NotReady:
        if problem.word in NOT_READY:
            return NotReady(f"{self.name} ({self.connection.endpoint}) is not ready: {problem.safe}")
        return TargetRefused(f"{self.name} ({self.connection.endpoint}) refused {self._labels.label(name)}: {problem.safe}")

    def reconnect(self) -> None:
        """Open the connection again and make sure that the same node answers. Raises TargetRefused when another does."""
        self._batch = Batch()
        self._under_way.clear()
        self.kept = []
        self.connection.reconnect()
        check_same_node(self.connection, self.facts)

    def wait_for_replicas(self, milliseconds: int) -> int:
        """WAIT for the replicas, where there are any; returns how many have everything."""
        if not self.facts.replicas:
            return 0
        answered = self.connection.call("WAIT", self.facts.replicas, milliseconds)
        return answered if isinstance(answered, int) else 0

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


def check_same_node(connection: Connection, facts: ServerFacts) -> None:
    """Raise TargetRefused unless run id and role are those of `facts`: after a failover the address can lead elsewhere."""
    now = read_server_facts(connection)
    if (now.run_id, now.role) != (facts.run_id, facts.role):
        raise TargetRefused(
            f"{connection.endpoint} is another server now ({now.role} {now.run_id[:8]}, it was {facts.role} {facts.run_id[:8]}): "
            "run the same command again to go on"
        )
