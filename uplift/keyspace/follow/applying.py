"""What a round writes to one side: the request of a page, each key only where it still is what the round expects."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from uplift.keyspace.follow.key_state import LIVES_DIFFER_MILLISECONDS, State
from uplift.keyspace.follow.lease import Lease
from uplift.keyspace.follow.messages import begin_text, end_head, note_of, token_as_text
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


class Applied(StrEnum):
    """What became of a key. CHANGED: it is not what the round read, nothing was written. TOO_BIG: it cannot be compared in a script."""

    DONE = "o"
    CHANGED = "c"
    TOO_BIG = "b"
    REFUSED = "e"


@dataclass(frozen=True, slots=True)
class Change:
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
class Answer:
    """`fenced`: somebody else's lease, or none (b""), was met and nothing done; None where the lease was ours.

    `letters` by change; `reasons` why those were refused that were.
    """

    fenced: bytes | None
    letters: tuple[Applied, ...]
    reasons: dict[bytes, str]


def change_to(winner: State | None, key: bytes, name: bytes, expected: State | None, life: int | None, winner_token: bytes) -> Change:
    """Bring `name` to what the winner holds, with another life where one is given; expected is what the round read there."""
    expected_token = token_as_text(expected.token) if expected is not None else b""
    expected_life = expected.life if expected is not None else 0
    if winner is None:
        return Change(key, name, expected_token, expected_life, Write.DELETE, b"", -1, b"")
    write = Write.STRING if winner.is_string else Write.PAYLOAD
    return Change(key, name, expected_token, expected_life, write, winner.value or b"", winner.life if life is None else life, winner_token)


def apply_request(
    changes: list[Change], lease: Lease, database: int, round_: int, page: int, limits: ReadLimits, *, has_absolute_ttl: bool
) -> bytes:
    """The packed request for one page of changes."""
    absolute = b"1" if has_absolute_ttl else b"0"
    arguments: list[bytes | str | int] = [
        lease.text,
        channel_of(database),
        begin_text(lease.text, round_, page),
        end_head(lease.text, round_, page),
        limits.value_elements,
        limits.value_bytes,
        LIVES_DIFFER_MILLISECONDS,
    ]
    for one in changes:
        arguments += (
            one.expected, one.expected_life, one.write, one.value, one.life, absolute, note_of(one.key, one.winner_token, one.life),
        )  # fmt: skip
    return APPLY_ROUND.request([LEASE, *[one.name for one in changes]], *arguments)


def answer_of(reply: Reply | ErrorReply, changes: list[Change]) -> Answer:
    """What an apply answered. Raises ErrorReply where the script as a whole failed."""
    if isinstance(reply, ErrorReply):
        raise reply
    first, second = as_list(reply)
    if first == b"fenced":
        return Answer(as_optional_bytes(second) or b"", (), {})
    letters = tuple(Applied(chr(letter)) for letter in as_bytes(first))
    tokens = as_bytes_list(second)
    reasons = {
        one.key: token.decode("utf-8", "replace")
        for one, letter, token in zip(changes, letters, tokens, strict=True)
        if letter is Applied.REFUSED
    }
    return Answer(None, letters, reasons)
