"""Copies one value too big for a page: read in pieces at one point in time, built under a temporary name, swapped in whole.

WATCH makes the pieces a true point in time: the last MULTI fails when anything touched the key since.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from enum import StrEnum

from uplift.errors import TargetRefused
from uplift.keyspace.keymap.own_keys import TEMPORARY_PREFIX
from uplift.keyspace.server.connection import Connection, ConnectionLost, pack
from uplift.keyspace.server.expiry import Expiry, expiry_of
from uplift.keyspace.server.facts import ServerFacts
from uplift.keyspace.server.page_reader import ReadLimits, TooBig
from uplift.keyspace.server.pieces_under_way import ask_in_order
from uplift.keyspace.server.replies import ErrorReply, Reply, as_bytes, as_int, as_list, as_optional_bytes
from uplift.keyspace.server.scripts import ENDS, STALLED, SWAP, stands_still
from uplift.keyspace.server.stream_pieces import memory_bytes
from uplift.keyspace.server.target import Target
from uplift.keyspace.server.value_pieces import LENGTHS, NeedsWhole, Piece, build_request, drain, expiry_of_fields, read_pieces
from uplift.keyspace.server.window import pieces_under_way

_MOST_UNANSWERED = 16
_TEMPORARY_TTL_MILLISECONDS = 10 * 60 * 1000


class BigOutcome(StrEnum):
    """How one reading of a big key ended.

    CHANGED: something touched it meanwhile, or it is of another type or empty now. NEEDS_WHOLE: it cannot be read in pieces.
    TOO_BIG: nor may it be read whole. OVER: it expired or was deleted. KEPT: the target has a key of that name, which was left alone.
    """

    COPIED = "copied"
    CHANGED = "changed"
    NEEDS_WHOLE = "needs whole"
    TOO_BIG = "too big"
    OVER = "over"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a big key goes: its name on a target whose clock is `clock_ahead` ms ahead; `exclusive` leaves a key that is there alone."""

    target: Target
    name: bytes
    clock_ahead: float
    exclusive: bool


@dataclass(slots=True)
class BigKeyCopier:
    """Copies big keys of one run over a connection of its own. `whole_bytes` is what one DUMP may take, which holds the source meanwhile.

    `spend` is told the bytes of each piece as they are read.
    """

    source: Connection
    source_facts: ServerFacts
    run: str
    limits: ReadLimits
    whole_bytes: int
    spend: Callable[[int], None] = lambda _size: None
    held: dict[bytes, int] = field(default_factory=dict)
    """Keys with a single element larger than a piece may be, and that element's bytes: nothing can divide these."""
    _may_have_left: bool = False

    def copy_in_pieces(self, entry: TooBig, place: Place) -> BigOutcome:
        """One reading. Raises TargetRefused, or SourceUnreachable where the target's connection broke."""
        try:
            return self._attempt(entry, place)
        except ConnectionLost as lost:
            if lost.connection is not self.source:
                raise
            self.source.reconnect()
            return BigOutcome.CHANGED
        except NeedsWhole:
            self.source.call("UNWATCH")
            return BigOutcome.NEEDS_WHOLE
        except ErrorReply as problem:
            if problem.word == "WRONGTYPE":
                self.source.call("UNWATCH")
                return BigOutcome.CHANGED
            raise TargetRefused(f"a big key could not be copied to {place.target.name}: {problem}") from None
        finally:
            if self._may_have_left:
                self.sweep(place.target)

    def _attempt(self, entry: TooBig, place: Place) -> BigOutcome:
        self._may_have_left = True
        expiry = self.build(entry, place.target, self._name("new"))
        if isinstance(expiry, BigOutcome):
            return expiry
        if expiry is None or expiry.is_over(place.clock_ahead):
            return BigOutcome.OVER
        return self._swap_in(self._name("new"), place, expiry)

    def build(self, entry: TooBig, target: Target, name: bytes) -> Expiry | BigOutcome | None:
        """Build the value under a temporary name of a target, as it is from the first piece to the last.

        Returns when it expires, None where it is gone, CHANGED where something touched it meanwhile, or took what was built of it. Raises
        NeedsWhole, ErrorReply or ConnectionLost.
        """
        length = self._watch(entry.key, entry.kind)
        building = _Building(target, name, entry.kind)
        try:
            self._build(entry, length, building)
            answers = self.source.call_all([pack("MULTI"), ENDS.whole_request([entry.key]), pack("EXEC")])[-1]
        finally:
            building.take_answers()
        building.raise_first()
        if not isinstance(answers, list):
            return BigOutcome.CHANGED
        expiry = self._expiry(answers[0])
        return expiry if expiry is None or building.is_whole(length) else BigOutcome.CHANGED

    def _watch(self, key: bytes, kind: bytes) -> int:
        """Watch a key, and give its length, in one round trip. Raises NeedsWhole for what has no pieces."""
        if kind not in LENGTHS:
            raise NeedsWhole
        requests = [pack("WATCH", key), pack(LENGTHS[kind], key)]
        try:
            return as_int(ask_in_order(self.source, requests)[-1])
        except ConnectionLost:
            # It was idle, and has been closed; nothing was read yet.
            self.source.reconnect()
            return as_int(ask_in_order(self.source, requests)[-1])

    def _swap_in(self, building: bytes, place: Place, expiry: Expiry) -> BigOutcome:
        names = [building, place.name, self._name("old")]
        at = "" if expiry.at is None else expiry.at
        swapped = SWAP.call(place.target.connection, names, at, _TEMPORARY_TTL_MILLISECONDS, "keep" if place.exclusive else "replace")
        match as_bytes(swapped):
            case b"swapped":
                self._may_have_left = False
                return BigOutcome.COPIED
            case b"replaced":
                return BigOutcome.COPIED
            case b"kept":
                return BigOutcome.KEPT
            case _:
                return BigOutcome.CHANGED

    def _build(self, entry: TooBig, length: int, building: _Building) -> None:
        limits = self._limits_for(entry.kind)
        with closing(read_pieces(self.source, entry.key, entry.kind, limits, length)) as pieces:
            for piece in pieces:
                self._look_at(entry, piece)
                building.add(piece)
                self.spend(piece.size)

    def _limits_for(self, kind: bytes) -> ReadLimits:
        """The times of fields are asked for between two pieces: then one piece at a time."""
        return replace(self.limits, pieces_under_way=1) if kind == b"hash" and self.source_facts.fields_may_expire else self.limits

    def _look_at(self, entry: TooBig, piece: Piece) -> None:
        """Note an element that nothing can divide. Raises NeedsWhole for a field with a TTL of its own."""
        largest = max(map(len, piece.arguments))
        if largest > self.limits.piece_bytes:
            self.held[entry.key] = max(largest, self.held.get(entry.key, 0))
        may_expire = entry.kind == b"hash" and self.source_facts.fields_may_expire
        if may_expire and any(time > 0 for time in expiry_of_fields(self.source, entry.key, piece.arguments[::2])):
            raise NeedsWhole

    def copy_whole(self, key: bytes, place: Place) -> BigOutcome:
        """One DUMP and one RESTORE. Raises TargetRefused or NotConvertible."""
        try:
            if self._estimated_bytes(key) > self.whole_bytes:
                return BigOutcome.TOO_BIG
            executed = self.source.ask_all([pack("MULTI"), pack("DUMP", key), ENDS.whole_request([key]), pack("EXEC")])[-1]
            if isinstance(executed, ErrorReply):
                raise executed
            payload, expiry = as_optional_bytes(as_list(executed)[0]), self._expiry(as_list(executed)[1])
        except ErrorReply as problem:
            raise TargetRefused(f"a big key could not be read whole: {problem}") from None
        if payload is None or expiry is None or expiry.is_over(place.clock_ahead):
            return BigOutcome.OVER
        self.spend(len(payload))
        ttl, at = (-1, 0) if expiry.at is None else (expiry.at - expiry.read_at, expiry.at)
        kept_before = len(place.target.kept)
        place.target.add_payload(place.name, payload, ttl, at, exclusive=place.exclusive, check_form=True)
        place.target.settle()
        return BigOutcome.KEPT if len(place.target.kept) > kept_before else BigOutcome.COPIED

    def _expiry(self, reply: Reply) -> Expiry | None:
        """When the key expires, None where it is not there. Raises SourceUnreachable where the source stands still."""
        if isinstance(reply, ErrorReply) and reply.word == STALLED:
            raise stands_still(self.source.endpoint)
        seconds, microseconds, ttl = as_list(reply)
        return expiry_of(as_int(ttl), int(as_bytes(seconds)) * 1000 + int(as_bytes(microseconds)) // 1000)

    def _estimated_bytes(self, key: bytes) -> int:
        source = self.source
        kind = as_bytes(source.ask("TYPE", key))
        if kind == b"stream":
            return memory_bytes(source, key)
        if kind not in LENGTHS:
            return 0
        length = as_int(source.ask(LENGTHS[kind], key))
        if kind == b"string":
            return length
        with closing(read_pieces(source, key, kind, replace(self.limits, pieces_under_way=1), length)) as pieces:
            piece = next(pieces, None)
        if piece is None:
            return 0
        arguments_an_element = 2 if kind in {b"hash", b"zset"} else 1
        return length * (piece.size * arguments_an_element // max(1, len(piece.arguments)))

    def _name(self, what: str) -> bytes:
        return TEMPORARY_PREFIX + f"{self.run}:{what}".encode()

    def sweep(self, target: Target) -> None:
        """Remove what an attempt of this run left under its temporary names. Raises TargetRefused."""
        try:
            drain(target.connection, [self._name("new"), self._name("old")], has_unlink=target.has_unlink)
        except ErrorReply as problem:
            raise TargetRefused(f"{target.name} ({target.connection.endpoint}) cannot be written: {problem.safe}") from None


class _Building:
    """A value under construction on a target. Not every answer is waited for at once: it builds while the source reads the next piece."""

    def __init__(self, target: Target, name: bytes, kind: bytes) -> None:
        self.name = name
        self._connection, self._kind = target.connection, kind
        self._most = _MOST_UNANSWERED + 2 * pieces_under_way(target.distance.round_trip)
        self._unanswered = 0
        self._answers: list[Reply | ErrorReply] = []

    def add(self, piece: Piece) -> None:
        """Add a piece. Raises ErrorReply for an earlier one that was refused, or SourceUnreachable."""
        self._connection.send(build_request(self._kind, self.name, piece) + pack("PEXPIRE", self.name, _TEMPORARY_TTL_MILLISECONDS))
        self._unanswered += 2
        if self._unanswered > self._most:
            self._unanswered -= 2
            self._answers = self._connection.read_many(2)
            self.raise_first()

    def take_answers(self) -> None:
        """Whatever ended the building, no answer may be left for the next command on this connection."""
        self._answers, self._unanswered = self._connection.read_many(self._unanswered), 0

    def is_whole(self, length: int) -> bool:
        """Whether all of it is there. What is being built has a TTL, so a policy that evicts by TTL takes it first: the next piece makes it
        anew then, and what was before is missing. Raises ErrorReply.
        """
        return as_int(self._connection.call(LENGTHS[self._kind], self.name)) == length

    def raise_first(self) -> None:
        """Raise the first refusal among the answers taken last."""
        for answer in self._answers:
            if isinstance(answer, ErrorReply):
                raise answer
