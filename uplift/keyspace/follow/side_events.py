"""What one side tells, in the order in which it did things: key events become touches, save those of our own writes.

It never decides and never asks; it is the same in the engine that writes and in one that stands by.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Container
from dataclasses import dataclass, field

from uplift.keyspace.follow.event_classes import PROBE_NAMES, missing_classes
from uplift.keyspace.follow.evidence import TouchKind, kind_of_event
from uplift.keyspace.follow.messages import Begin, End, Marker, Probed, Raised, Standing, message_of
from uplift.keyspace.follow.own_names import CANARY, LEASE, PREFIX
from uplift.keyspace.follow.touches import Touches
from uplift.keyspace.keymap.own_keys import SPLIT_PREFIX
from uplift.keyspace.server.replies import ErrorReply, Reply

SourceName = Callable[[bytes], bytes | None]
"""From a name on this side to the source's name of the key; None for a key that is not followed."""
_NOT_OURS = frozenset({TouchKind.EVICTED, TouchKind.EXPIRED})
"""What a server does to a key by itself, also between begin and end."""
_MARKERS_KEPT = 4_096
_STANDING_KEPT = 16


@dataclass(frozen=True, slots=True)
class StandingAt:
    """An engine that stands by, and when it said so (monotonic seconds)."""

    is_warm: bool
    heard_at: float


@dataclass(frozen=True, slots=True)
class MarkerAt:
    """A marker and where it stood in the stream. `is_proven`: the canary's event was the message right before it."""

    marker: Marker
    position: int
    is_proven: bool


@dataclass(frozen=True, slots=True)
class EndAt:
    """An end, where it stood in the stream, and the round of the last marker before it."""

    end: End
    position: int
    round: int


@dataclass(slots=True)
class SideEvents:
    """`position` counts messages, `round` is that of the last marker.

    `markers` by round and page, the latest few thousand. `ends`, `raised` and `marked` wait to be taken; `raised_last` is who took the
    lease last. `lease_was_removed`: an event said so; a lease that is gone without one was flushed. `silent_classes`: those that the latest
    probe wrote to and no event told of, `probed_round` the round of the latest that found none. `standing` are engines that stand by, by
    owner, the latest few. `events` counts key events, `touched` those that were somebody else's, of followed keys, and `touched_by_itself`
    those of them that say that a key expired or was evicted, or that are of a split's canaries. `takes_any_round`: the next marker says
    which round it is, though it be lower. `heard_at` is when the latest marker was taken, `answered_at` the latest answer to a PING
    (monotonic seconds).
    """

    database: int
    source_name: SourceName
    touches: Touches = field(default_factory=Touches)
    position: int = 0
    round: int = 0
    markers: dict[tuple[int, int], MarkerAt] = field(default_factory=dict)
    marked: deque[MarkerAt] = field(default_factory=deque)
    ends: deque[EndAt] = field(default_factory=deque)
    raised: deque[Raised] = field(default_factory=deque)
    raised_last: bytes = b""
    lease_was_removed: bool = False
    silent_classes: str = ""
    probed_round: int = 0
    events: int = 0
    touched: int = 0
    touched_by_itself: int = 0
    takes_any_round: bool = False
    heard_at: float = field(default_factory=time.monotonic)
    answered_at: float = 0.0
    standing: dict[bytes, StandingAt] = field(default_factory=dict)
    _kinds: dict[bytes, TouchKind] = field(default_factory=dict)
    _canary_at: int = -1
    _begun: Begin | None = None
    _probed: set[str] = field(default_factory=set)
    _in_bracket: list[tuple[bytes, TouchKind, int]] = field(default_factory=list)

    def take(self, replies: list[Reply | ErrorReply], arrived_after: int = 0) -> None:
        """What a subscription received; positions are above `arrived_after`, so that those of several sides say what arrived first.

        This loop is plain and long on purpose: it runs once an event (bench/follow.py).
        """
        position = max(self.position, arrived_after)
        # A canary's event that ended what came before is still the message right before the first of these.
        self._canary_at = position if self._canary_at == self.position else self._canary_at
        kinds, note, source_name, round_ = self._kinds, self.touches.note, self.source_name, self.round
        events = touches = by_itself = 0
        is_within = self._begun is not None
        # SET with a TTL, and much else, is two events of one key, one behind the other.
        before: Reply = None
        key: bytes | None = None
        is_canary = False
        for reply in replies:
            if not isinstance(reply, list):
                continue
            position += 1
            if len(reply) == 4:
                _, _, channel, name = reply
                events += 1
                kind = kinds.get(channel)  # type: ignore[arg-type]
                if kind is None:
                    kind = self._kind_of(channel)
                if name != before:
                    if name.startswith(PREFIX):  # type: ignore[union-attr]
                        self.position = position
                        self._take_own(name, kind)  # type: ignore[arg-type]
                        continue
                    if is_within:
                        self._in_bracket.append((name, kind, position))  # type: ignore[arg-type]
                        continue
                    key, before = source_name(name), name  # type: ignore[arg-type]
                    is_canary = name.startswith(SPLIT_PREFIX)  # type: ignore[union-attr]
                if key is not None:
                    note(key, kind, position, round_)
                    touches += 1
                    by_itself += is_canary or kind in _NOT_OURS
            else:
                self.position = position
                self._take_other(reply)
                is_within, round_, before = self._begun is not None, self.round, None
        self.position = position
        self.events += events
        self.touched += touches
        self.touched_by_itself += by_itself

    @property
    def changed_by_somebody(self) -> int:
        """How many events there were of followed keys that neither this follow nor the server itself changed."""
        return self.touched - self.touched_by_itself

    def _kind_of(self, channel: Reply) -> TouchKind:
        name = channel if isinstance(channel, bytes) else b""
        kind = kind_of_event(name.rpartition(b":")[2])
        self._kinds[name] = kind
        return kind

    def _take_own(self, name: bytes, kind: TouchKind) -> None:
        if name == CANARY and kind is TouchKind.LIFE:
            self._canary_at = self.position
        elif kind is not TouchKind.REMOVED and kind is not TouchKind.LIFE and name in PROBE_NAMES:
            self._probed.add(PROBE_NAMES[name])
        elif name == LEASE and kind in {TouchKind.REMOVED, TouchKind.EXPIRED, TouchKind.EVICTED}:
            self.lease_was_removed = True

    def _take_other(self, reply: list[Reply]) -> None:
        if reply[0] == b"message":
            self._take_message(reply[2])  # type: ignore[arg-type]
        elif reply[0] == b"pong":
            self.answered_at = time.monotonic()

    def _take_message(self, text: bytes) -> None:
        message = message_of(text)
        if isinstance(message, End) and self._is_of_begun(message):
            self._take_end(message)
            return
        # A begin that another message follows has no end: its script died, and what came behind it were touches.
        self._release(())
        match message:
            case Marker():
                self._take_marker(message)
            case Begin():
                self._begun = message
            case Raised():
                self.raised.append(message)
                self.raised_last = message.owner
            case Probed():
                self._take_probed(message)
            case Standing():
                self._take_standing(message)
            case _:
                # An end whose begin was missed, or a stranger's message.
                pass

    def _take_probed(self, probed: Probed) -> None:
        """A class that was not written to, since the server is full, is neither on nor off by that: it stays what it was."""
        silent = missing_classes(probed.written, frozenset(self._probed))
        untold = set(self.silent_classes) - set(probed.written)
        self.silent_classes = missing_classes(silent + "".join(untold), frozenset())
        if probed.written == probed.asked and not self.silent_classes:
            self.probed_round = self.round
        self._probed.clear()

    def _is_of_begun(self, end: End) -> bool:
        begun = self._begun
        return begun is not None and (begun.owner, begun.round, begun.page) == (end.owner, end.round, end.page)

    def _take_end(self, end: End) -> None:
        self._release({one.name for one in end.ended})
        self.ends.append(EndAt(end, self.position, self.round))

    def _release(self, ours: Container[bytes]) -> None:
        """What came since begin: events of the names that were written are ours, all others are touches."""
        in_bracket, self._in_bracket, self._begun = self._in_bracket, [], None
        for name, kind, position in in_bracket:
            if name in ours and kind not in _NOT_OURS:
                continue
            key = self.source_name(name)
            if key is not None:
                self.touches.note(key, kind, position, self.round)
                self.touched += 1
                self.touched_by_itself += kind in _NOT_OURS or name.startswith(SPLIT_PREFIX)

    def _take_marker(self, marker: Marker) -> None:
        if marker.round < self.round and not self.takes_any_round:
            # Of a connection that is dead: it says nothing of what comes now.
            return
        self.takes_any_round = False
        self.round, self.heard_at = marker.round, time.monotonic()
        at = MarkerAt(marker, self.position, self._canary_at == self.position - 1)
        self.markers[marker.round, marker.page] = at
        if len(self.markers) > _MARKERS_KEPT:
            del self.markers[next(iter(self.markers))]
        self.marked.append(at)

    def _take_standing(self, message: Standing) -> None:
        self.standing.pop(message.owner, None)
        self.standing[message.owner] = StandingAt(message.is_warm, time.monotonic())
        if len(self.standing) > _STANDING_KEPT:
            del self.standing[next(iter(self.standing))]

    def begin_anew(self) -> None:
        """The subscription is another one: what came since begin belongs to a bracket whose end will not come."""
        self._release(())
        self.markers.clear()
        self._probed.clear()
        self._canary_at = -1
