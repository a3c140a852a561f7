"""What engines say to each other, and to themselves, on a run's channel: markers, brackets and raised leases.

They arrive among the key events, in the order in which the server did things: that order is what a follow is built on.
"""

from __future__ import annotations

from binascii import hexlify, unhexlify
from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct, error
from typing import NamedTuple

from uplift.keyspace.follow.key_state import ABSENT

_NOTE = Struct(">BHq")
_END_ENTRY = Struct(">BI")


@dataclass(frozen=True, slots=True)
class Marker:
    """Published by the script that reads: everything before it was done before the reading. `told` is what a standby must know."""

    owner: bytes
    round: int
    page: int
    told: bytes


@dataclass(frozen=True, slots=True)
class Begin:
    """What follows, up to the end, is done by an apply script."""

    owner: bytes
    round: int
    page: int


class Ended(NamedTuple):
    """One key that was brought to what the other side had: `name` is its name where it was written, `key` the source's; the tokens of both
    sides, and its life.
    """

    key: bytes
    name: bytes
    winner_token: bytes
    written_token: bytes
    life: int


@dataclass(frozen=True, slots=True)
class End:
    """An apply script is over. `letters` say what became of each key of the page, `ended` is what was written."""

    owner: bytes
    round: int
    page: int
    letters: bytes
    ended: tuple[Ended, ...]


def _ended_of(entries: bytes) -> Iterator[Ended]:
    at = 0
    while at < len(entries):
        token_bytes, note_bytes = _END_ENTRY.unpack_from(entries, at)
        at += _END_ENTRY.size
        token = token_from_text(entries[at : at + token_bytes])
        at += token_bytes
        winner_bytes, root_bytes, life = _NOTE.unpack_from(entries, at)
        name_at = at + _NOTE.size + winner_bytes
        name = entries[name_at : at + note_bytes]
        yield Ended(name[root_bytes:], name, entries[at + _NOTE.size : name_at], token, life)
        at += note_bytes
    if at != len(entries):
        raise ValueError("an end that was cut off: a name without its last bytes is another key's")


@dataclass(frozen=True, slots=True)
class Raised:
    """Somebody took the lease. `was_missing`: nobody had it."""

    owner: bytes
    was_missing: bool


@dataclass(frozen=True, slots=True)
class Probed:
    """A probe of the classes of events is over: which it was to write to, and which it wrote to."""

    owner: bytes
    asked: str
    written: str


@dataclass(frozen=True, slots=True)
class Standing:
    """An engine that stands by says that it is there, and whether it could take over without a gap."""

    owner: bytes
    is_warm: bool


Message = Marker | Begin | End | Raised | Probed | Standing


def marker_text(owner: bytes, round_: int, page: int, told: bytes) -> bytes:
    """A marker as it travels."""
    return b"m %b %d %d %b" % (owner, round_, page, told)


def begin_text(owner: bytes, round_: int, page: int) -> bytes:
    """A begin as it travels."""
    return b"b %b %d %d" % (owner, round_, page)


def end_head(owner: bytes, round_: int, page: int) -> bytes:
    """What stands before the letters of an end; the script adds the rest."""
    return b"e %b %d %d " % (owner, round_, page)


def standing_text(owner: bytes, *, is_warm: bool) -> bytes:
    """What an engine that stands by says, as it travels."""
    return b"s %b %d" % (owner, is_warm)


def note_of(name: bytes, root_bytes: int, winner_token: bytes, life: int) -> bytes:
    """What an end says of one key besides the token it has now: its name there, and how much of it is a root."""
    return _NOTE.pack(len(winner_token), root_bytes, life) + winner_token + name


def message_of(text: bytes) -> Message | None:
    """A message from the channel; None for what is none of ours."""
    parts = text.split(b" ", 4)
    try:
        match parts:
            case [b"m", owner, round_, page, told]:
                return Marker(owner, int(round_), int(page), told)
            case [b"b", owner, round_, page]:
                return Begin(owner, int(round_), int(page))
            case [b"e", owner, round_, page, rest]:
                letters, _, entries = rest.partition(b" ")
                return End(owner, int(round_), int(page), letters, tuple(_ended_of(entries)))
            case [b"r", owner, before]:
                return Raised(owner, before == b"missing")
            case [b"p", owner, asked, written]:
                return Probed(owner, asked.decode("ascii", "replace"), written.decode("ascii", "replace"))
            case [b"s", owner, is_warm]:
                return Standing(owner, is_warm == b"1")
            case _:
                return None
    except (ValueError, error):
        return None


def token_as_text(token: bytes) -> bytes:
    """A token as scripts have it: its letter and 16 hex digits."""
    return token[:1] + hexlify(token[1:])


def token_from_text(text: bytes) -> bytes:
    """The token of a script's text; one that says nothing but its letter stays so."""
    return text[:1] + unhexlify(text[1:]) if text else ABSENT
