"""What a round writes to one side: the request of a page, each key only where it still is what the round expects."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from uplift.keyspace.follow.key_state import LIVES_DIFFER_MILLISECONDS
from uplift.keyspace.follow.lease import Lease
from uplift.keyspace.follow.messages import begin_text, end_head, note_of
from uplift.keyspace.follow.own_names import LEASE, channel_of
from uplift.keyspace.follow.scripts import APPLY_ROUND
from uplift.keyspace.server.page_reader import ReadLimits
from uplift.keyspace.server.replies import ErrorReply, Reply, as_bytes, as_bytes_list, as_list, as_optional_bytes

ANYTHING = b"*"


class Write(StrEnum):
    """What is done to a key: how its value comes there, and its life."""

    STRING = "s"
    PAYLOAD = "r"
    RENAME = "n"
    DELETE = "d"
    LIFE = "l"
    NOTHING = "k"


_LETTERS = {write: write.value.encode() for write in Write}
_ARGUMENTS_A_CHANGE = 7
_EXPECTS_ANYTHING = b"$1\r\n*\r\n$2\r\n-1\r\n"


class Applied(StrEnum):
    """What became of a key. CHANGED: it is not what the round read, nothing was written. TOO_BIG: it cannot be compared in a script."""

    DONE = "o"
    CHANGED = "c"
    TOO_BIG = "b"
    REFUSED = "e"


_APPLIED = {ord(applied.value): applied for applied in Applied}


class Change(NamedTuple):
    """One key: `name` on the side it is written to, `key` the source's. `expected`: what is there, by its token or ANYTHING.

    `value` is the string, the payload, or the temporary key. `life` in ms since 1970, FOREVER for none.
    """

    key: bytes
    name: bytes
    expected: bytes
    expected_life: int
    write: Write
    value: bytes
    life: int
    winner_token: bytes


@dataclass(frozen=True, slots=True)
class ApplyReply:
    """`fenced`: somebody else's lease, or none (b""), was met and nothing done; None where the lease was ours.

    `letters` by change; `reasons` why those were refused that were.
    """

    fenced: bytes | None
    letters: tuple[Applied, ...]
    reasons: dict[bytes, str]


def apply_request(
    changes: list[Change], lease: Lease, database: int, round_: int, page: int, limits: ReadLimits, *, has_absolute_ttl: bool
) -> bytes:
    """The packed request for one page of changes."""
    absolute = b"1" if has_absolute_ttl else b"0"
    head: tuple[bytes | str | int, ...] = (
        lease.text,
        channel_of(database),
        begin_text(lease.text, round_, page),
        end_head(lease.text, round_, page),
        limits.value_elements,
        limits.value_bytes,
        LIVES_DIFFER_MILLISECONDS,
    )
    packed = [*map(_packed, head), *[_packed_change(one, absolute) for one in changes]]
    return APPLY_ROUND.request_of_packed([LEASE, *[one.name for one in changes]], packed, len(head) + _ARGUMENTS_A_CHANGE * len(changes))


def _packed(argument: bytes | str | int) -> bytes:
    data = argument if isinstance(argument, bytes) else str(argument).encode()
    return b"$%d\r\n%b\r\n" % (len(data), data)


def _packed_change(one: Change, absolute: bytes) -> bytes:
    """Seven arguments in one step: it runs once a key, and a loop over them costs three times as much (bench/follow.py)."""
    life = b"%d" % one.life
    note = note_of(one.name, len(one.name) - len(one.key), one.winner_token, one.life)
    if one.expected is ANYTHING:
        expected = _EXPECTS_ANYTHING
    else:
        expected_life = b"%d" % one.expected_life
        expected = b"$%d\r\n%b\r\n$%d\r\n%b\r\n" % (len(one.expected), one.expected, len(expected_life), expected_life)
    return b"%b$1\r\n%b\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n$1\r\n%b\r\n$%d\r\n%b\r\n" % (
        expected, _LETTERS[one.write], len(one.value), one.value, len(life), life, absolute, len(note), note,
    )  # fmt: skip


def apply_reply_of(reply: Reply | ErrorReply, changes: list[Change]) -> ApplyReply:
    """What an apply answered. Raises ErrorReply where the script as a whole failed."""
    if isinstance(reply, ErrorReply):
        raise reply
    first, second = as_list(reply)
    if first == b"fenced":
        return ApplyReply(as_optional_bytes(second) or b"", (), {})
    letters = tuple(_APPLIED[letter] for letter in as_bytes(first))
    tokens = as_bytes_list(second)
    reasons = {
        one.key: token.decode("utf-8", "replace")
        for one, letter, token in zip(changes, letters, tokens, strict=True)
        if letter is Applied.REFUSED
    }
    return ApplyReply(None, letters, reasons)
