"""Copies one value too big for a page: read in pieces at one point in time, built under a temporary name, swapped in whole.

WATCH makes the pieces a true point in time: the last MULTI fails when anything touched the key since, and then all is read again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, cast

from uplift.errors import TargetRefused
from uplift.keyspace.keymap.own_keys import TEMPORARY_PREFIX
from uplift.keyspace.server.connection import Connection, ErrorReply, Reply, pack
from uplift.keyspace.server.facts import ServerFacts
from uplift.keyspace.server.page_reader import GONE, STALLED, ReadLimits, stands_still
from uplift.keyspace.server.scripts import ENDS
from uplift.keyspace.server.target import Existing, Target
from uplift.keyspace.server.value_pieces import NeedsWhole, build_request, drain, read_pieces

ATTEMPTS = 3
_MOST_UNANSWERED = 16
_TEMPORARY_TTL_MILLISECONDS = 10 * 60 * 1000
_FIELD_TTL_SINCE_REDIS = (7, 4)
_FIELD_TTL_SINCE_VALKEY = 9


class BigOutcome(StrEnum):
    """How one big key ended. UNSETTLED: it changed during every attempt and is too big to be read whole."""

    COPIED = "copied"
    GONE = "gone"
    KEPT_EXISTING = "kept existing"
    UNSETTLED = "unsettled"


@dataclass(slots=True)
class BigKeyCopier:
    """Copies big keys of one run. `whole_bytes` is what one DUMP may take, which holds the source for its time."""

    source: Connection
    source_facts: ServerFacts
    run: str
    limits: ReadLimits
    existing: Existing
    whole_bytes: int
    held: dict[bytes, int] = field(default_factory=dict)
    """Keys with a single element larger than a piece may be, and that element's bytes: nothing can divide these."""

    def copy(self, key: bytes, name: bytes, target: Target) -> BigOutcome:
        """Copy one key to `name`. Raises TargetRefused or NotConvertible; the temporary name is swept by the next run."""
        if self.existing is Existing.SKIP and target.connection.call("EXISTS", name) == 1:
            return BigOutcome.KEPT_EXISTING
        try:
            for _ in range(ATTEMPTS):
                outcome = self._attempt(key, name, target)
                if outcome is not None:
                    return outcome
            return self._whole(key, name, target)
        except NeedsWhole:
            self.source.call("UNWATCH")
            return self._whole(key, name, target)
        except ErrorReply as problem:
            raise TargetRefused(f"a big key could not be copied to {target.name}: {problem.safe}") from None
        finally:
            self.sweep(target)

    def _attempt(self, key: bytes, name: bytes, target: Target) -> BigOutcome | None:
        """One reading; None when the key changed meanwhile."""
        self.source.call("WATCH", key)
        kind = cast("bytes", self.source.call("TYPE", key))
        if kind == b"none":
            self.source.call("UNWATCH")
            self._delete(name, target)
            return BigOutcome.GONE
        building = self._name("new")
        self._build(key, kind, building, target)
        answers = self.source.call_all([pack("MULTI"), ENDS.whole_request([key]), pack("EXEC")])[-1]
        if not isinstance(answers, list):
            self.sweep(target)
            return None
        ttl, expires_at = self._end(answers[0])
        if ttl in {0, GONE}:
            self._delete(name, target)
            return BigOutcome.GONE
        self._swap(building, name, None if ttl < 0 else expires_at, target)
        return BigOutcome.COPIED

    def _build(self, key: bytes, kind: bytes, building: bytes, target: Target) -> None:
        """Not every answer is waited for at once: the target builds while the source reads the next piece."""
        unanswered = 0
        replies: list[Reply | ErrorReply] = []
        try:
            for piece in read_pieces(self.source, key, kind, self.limits, fields_may_expire=self._fields_may_expire):
                self._note_held(key, piece.arguments)
                unanswered += 2
                target.connection.send(build_request(kind, building, piece) + pack("PEXPIRE", building, _TEMPORARY_TTL_MILLISECONDS))
                if unanswered > _MOST_UNANSWERED:
                    unanswered -= 2
                    _raise_first(target.connection.read_many(2))
        finally:
            # Whatever ended the loop, no answer may be left for the next command on this connection.
            replies = target.connection.read_many(unanswered)
        _raise_first(replies)

    def _swap(self, building: bytes, name: bytes, expires_at: int | None, target: Target) -> None:
        """RENAME keeps a key's TTL, so the TTL is set before; the old value goes aside, since overwriting it would free it at once."""
        old = self._name("old")
        set_ttl = pack("PERSIST", building) if expires_at is None else pack("PEXPIREAT", building, expires_at)
        aside = []
        if target.connection.call("EXISTS", name) == 1:
            aside = [pack("RENAME", name, old), pack("PEXPIRE", old, _TEMPORARY_TTL_MILLISECONDS)]
        replies: Any = target.connection.call_all([pack("MULTI"), *aside, set_ttl, pack("RENAME", building, name), pack("EXEC")])[-1]
        failed = [reply for reply in (replies if isinstance(replies, list) else [replies]) if isinstance(reply, ErrorReply)]
        if failed:
            raise failed[-1]

    def _whole(self, key: bytes, name: bytes, target: Target) -> BigOutcome:
        if self._estimated_bytes(key) > self.whole_bytes:
            return BigOutcome.UNSETTLED
        answers = self.source.call_all([pack("MULTI"), pack("DUMP", key), ENDS.whole_request([key]), pack("EXEC")])[-1]
        payload, end = cast("tuple[bytes | None, Reply | ErrorReply]", answers)
        ttl, expires_at = self._end(end)
        if payload is None or ttl in {0, GONE}:
            self._delete(name, target)
            return BigOutcome.GONE
        target.add_payload(name, payload, ttl, expires_at, replace=self.existing is not Existing.SKIP, check_form=True)
        target.settle()
        return BigOutcome.COPIED

    def _end(self, reply: Reply | ErrorReply) -> tuple[int, int]:
        """PTTL in ms, and when the key expires in ms since 1970. Raises SourceUnreachable where the source stands still."""
        if isinstance(reply, ErrorReply):
            if reply.word == STALLED:
                raise stands_still(self.source.endpoint)
            raise reply
        seconds, microseconds, ttl = cast("tuple[bytes, bytes, int]", reply)
        return ttl, int(seconds) * 1000 + int(microseconds) // 1000 + ttl

    def _estimated_bytes(self, key: bytes) -> int:
        kind = cast("bytes", self.source.call("TYPE", key))
        if kind == b"string":
            return cast("int", self.source.call("STRLEN", key))
        length = {b"list": "LLEN", b"set": "SCARD", b"hash": "HLEN", b"zset": "ZCARD", b"stream": "XLEN"}.get(kind)
        if length is None:
            return 0
        elements = cast("int", self.source.call(length, key))
        return elements * self._sampled_element_bytes(key, kind)

    def _sampled_element_bytes(self, key: bytes, kind: bytes) -> int:
        if kind == b"stream":
            return 256
        try:
            piece = next(read_pieces(self.source, key, kind, self.limits, fields_may_expire=False), None)
        except ErrorReply:
            return 0
        arguments_an_element = 2 if kind in {b"hash", b"zset"} else 1
        return piece.size * arguments_an_element // max(1, len(piece.arguments)) if piece else 0

    def _note_held(self, key: bytes, arguments: list[bytes]) -> None:
        largest = max(map(len, arguments))
        if largest > self.limits.piece_bytes:
            self.held[key] = max(largest, self.held.get(key, 0))

    @property
    def _fields_may_expire(self) -> bool:
        facts = self.source_facts
        if facts.is_valkey:
            return int(facts.version.split(".")[0]) >= _FIELD_TTL_SINCE_VALKEY
        return facts.compatible_version >= _FIELD_TTL_SINCE_REDIS

    def _delete(self, name: bytes, target: Target) -> None:
        if self.existing is not Existing.SKIP:
            drain(target.connection, name, has_unlink=target.has_unlink)

    def _name(self, what: str) -> bytes:
        return TEMPORARY_PREFIX + f"{self.run}:{what}".encode()

    def sweep(self, target: Target) -> None:
        """Remove what an attempt of this run left under its temporary names. Raises TargetRefused."""
        try:
            for what in ("new", "old"):
                drain(target.connection, self._name(what), has_unlink=target.has_unlink)
        except ErrorReply as problem:
            raise TargetRefused(f"{target.name} ({target.connection.endpoint}) cannot be written: {problem.safe}") from None


def _raise_first(replies: list[Reply | ErrorReply]) -> None:
    for reply in replies:
        if isinstance(reply, ErrorReply):
            raise reply
