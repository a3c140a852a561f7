"""One side's part of a round: the request that publishes its marker and reads keys, and what it answers."""

from __future__ import annotations

from binascii import unhexlify
from dataclasses import dataclass, replace
from enum import StrEnum

from uplift.errors import SourceUnreachable
from uplift.keyspace.follow.key_state import FOREVER, State, payload_token, string_token
from uplift.keyspace.follow.own_names import CANARY, CANARY_TTL_MILLISECONDS, LEASE, channel_of
from uplift.keyspace.follow.scripts import READ_ROUND
from uplift.keyspace.server.page_reader import ReadLimits
from uplift.keyspace.server.replies import ErrorReply, Reply, as_bytes, as_int, as_list, as_optional_bytes

_HEAD = 5
_ABSENT, _STRING, _DUMP, _BIG, _LATER = range(5)


class ReadForm(StrEnum):
    """VALUE: with what writes a key elsewhere. TOKEN: what tells whether it changed, which costs less."""

    VALUE = "value"
    TOKEN = "token"  # noqa: S105


@dataclass(frozen=True, slots=True)
class ReadReply:
    """What one side answered. `states`: None is a key that is not there; keys there was no room for are in `later` instead.

    `clock`: ms since 1970. `lease`: who has it, None where it is gone. `listeners`: how many subscriptions heard the marker.
    """

    has_canary: bool
    listeners: int
    lease: bytes | None
    clock: int
    states: dict[bytes, State | None]
    later: frozenset[bytes]


NOTHING_READ = ReadReply(has_canary=True, listeners=0, lease=None, clock=0, states={}, later=frozenset())
"""Of a side that is not read, or not by a page."""


def read_request(names: list[bytes], marker: bytes, lease: bytes, database: int, form: ReadForm, limits: ReadLimits) -> bytes:
    """The packed request for keys by their names on this side."""
    return READ_ROUND.request(
        [CANARY, LEASE, *names],
        channel_of(database),
        marker,
        CANARY_TTL_MILLISECONDS,
        form,
        limits.page_bytes,
        limits.value_elements,
        limits.value_bytes,
        lease,
    )


def read_reply_of(answer: Reply | ErrorReply, form: ReadForm) -> ReadReply:
    """What an answer says, by the names that were asked for. Raises ErrorReply, or SourceUnreachable where the server stands still."""
    if isinstance(answer, ErrorReply):
        if answer.word == "STALLED":
            raise SourceUnreachable(f"{answer.server}: TTLs could not be read, because the server stood still at every try")
        raise answer
    reply = as_list(answer)
    if len(reply) < _HEAD:
        # Another's lease, or none: nothing was read.
        return replace(NOTHING_READ, lease=as_optional_bytes(reply[2]) if len(reply) > 2 else None)
    clock = int(as_bytes(reply[3])) * 1000 + int(as_bytes(reply[4])) // 1000
    by_value = form is ReadForm.VALUE
    states: dict[bytes, State | None] = {}
    later = set()
    for at in range(_HEAD, len(reply), 4):
        name, ttl, code, value = reply[at : at + 4]
        # PTTL 0 can stand beside a value that has just expired (read_page.lua); -2 where it expired after it was read.
        if code == _ABSENT or ttl == 0 or ttl == -2:
            states[name] = None  # type: ignore[index]
        elif code == _LATER:
            later.add(as_bytes(name))
        else:
            states[name] = _state(code, clock + ttl if ttl > 0 else FOREVER, value, by_value=by_value)  # type: ignore[index,operator,arg-type]
    return ReadReply(as_int(reply[0]) == 1, as_int(reply[1]), as_optional_bytes(reply[2]), clock, states, frozenset(later))


def _state(code: int, life: int, value: bytes, *, by_value: bool) -> State:
    if code == _BIG:
        kind, size = value.split(b" ")
        return State(b"", life, None, kind, int(size))
    if not by_value:
        return State((b"S" if code == _STRING else b"D") + unhexlify(value), life)
    return State(string_token(value) if code == _STRING else payload_token(value), life, value)
