"""What the engine that writes tells one that stands by, with its markers: what it must know to go on in its place."""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct

from pydantic import TypeAdapter

from uplift.keyspace.follow.decision import Policy
from uplift.keyspace.follow.evidence import Span
from uplift.keyspace.follow.gaps import Gaps, Reset, ResetKind

_UPDATE_HEAD = Struct(">IBBqQ")


@dataclass(frozen=True, slots=True)
class BaseUpdate:
    """A key that was equal on both sides: tokens of both, life, and the round in which it was read."""

    key: bytes
    source: bytes
    target: bytes
    life: int
    round: int


@dataclass(frozen=True)
class ToldReset:
    """A reset without the keys it touched: whoever takes over knows its own, and the others count as synced lately."""

    kind: ResetKind
    recent: int
    last: int | None


@dataclass(frozen=True)
class ToldGaps:
    """The gaps and resets of one server."""

    opened: int | None
    spans: tuple[Span, ...]
    resets: tuple[ToldReset, ...]

    @classmethod
    def of(cls, gaps: Gaps) -> ToldGaps:
        """What is told of these."""
        resets = tuple(ToldReset(reset.kind, reset.recent, reset.last) for reset in gaps.resets)
        return cls(gaps.opened, tuple(gaps.spans), resets)

    def inherited(self) -> Gaps:
        """As whoever takes over begins with them."""
        return Gaps(self.opened, list(self.spans), [Reset(one.kind, one.recent, frozenset(), one.last) for one in self.resets])


@dataclass(frozen=True)
class Told:
    """`oldest`: no unsettled touch is from before this round. `passes`: how many whole passes there were, `complete_since` the round the
    latest began with. `gaps` by server, the source first.
    """

    oldest: int
    policy: Policy
    passes: int
    complete_since: int | None
    gaps: tuple[ToldGaps, ...]

    def text(self, updates: list[BaseUpdate]) -> bytes:
        """As it travels: JSON, and behind a newline keys that were equal."""
        return _AS_JSON.dump_json(self) + b"\n" + b"".join(map(_update_text, updates))


_AS_JSON = TypeAdapter(Told)


def told_of(text: bytes) -> tuple[Told, tuple[BaseUpdate, ...]]:
    """From a marker. Raises ValueError or struct.error for what no engine of this version says."""
    head, _, updates = text.partition(b"\n")
    return _AS_JSON.validate_json(head), _updates_of(updates)


def _update_text(one: BaseUpdate) -> bytes:
    return _UPDATE_HEAD.pack(len(one.key), len(one.source), len(one.target), one.life, one.round) + one.key + one.source + one.target


def _updates_of(text: bytes) -> tuple[BaseUpdate, ...]:
    found, at = [], 0
    while at < len(text):
        key, source, target, life, round_ = _UPDATE_HEAD.unpack_from(text, at)
        at += _UPDATE_HEAD.size
        parts = text[at : at + key], text[at + key : at + key + source], text[at + key + source : at + key + source + target]
        at += key + source + target
        found.append(BaseUpdate(*parts, life, round_))
    if at != len(text):
        raise ValueError("a key that was cut off is another key")
    return tuple(found)
