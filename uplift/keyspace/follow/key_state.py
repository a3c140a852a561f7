"""What one key is on one server, as a round reads it, and the tokens by which one server's states are told apart."""

from __future__ import annotations

import hashlib
from enum import IntEnum
from typing import NamedTuple

from uplift.keyspace.rdb.types import DUMP_FOOTER_BYTES

TOKEN_BYTES = 9
_DIGEST_BYTES = 8
ABSENT = b""
"""The token of a key that is not there."""
EVICTED_TOKEN = b"E" + bytes(_DIGEST_BYTES)
"""In a base: the key was there, this server evicted it, and the other one keeps it."""
LIVES_DIFFER_MILLISECONDS = 20
"""Two lives are the same within this: TIME and PTTL are read one after the other, and rounded (lua/read_ttls.lua)."""
FOREVER = -1
"""The life of a key that never expires."""


class Side(IntEnum):
    """Which of the two servers of a key."""

    SOURCE = 0
    TARGET = 1

    @property
    def other(self) -> Side:
        """The side across."""
        return _ACROSS[self]


_ACROSS = (Side.TARGET, Side.SOURCE)


class State(NamedTuple):
    """A key that is there: its token, and `life`, ms since 1970 it expires at or FOREVER.

    `value` is what writes it elsewhere: a string as it is, everything else as its DUMP; None where only the token was asked for. `size` is
    that of a value too big for a page (bytes of a string, elements of the rest), 0 for all others; its token is empty.
    """

    token: bytes
    life: int
    value: bytes | None = None
    kind: bytes = b""
    size: int = 0

    @property
    def is_string(self) -> bool:
        """Whether `value` is the string itself."""
        return self.token[:1] == b"S"


def string_token(value: bytes) -> bytes:
    """The token of a string: equal strings have equal tokens on every server. Lua has SHA-1 and nothing else; it protects nothing here."""
    return b"S" + hashlib.sha1(value, usedforsecurity=False).digest()[:_DIGEST_BYTES]


def payload_token(payload: bytes) -> bytes:
    """The token of a DUMP. Equal tokens are equal values; two servers, or one at two times, may keep one value in two forms."""
    return b"D" + hashlib.sha1(memoryview(payload)[:-DUMP_FOOTER_BYTES], usedforsecurity=False).digest()[:_DIGEST_BYTES]


def same_life(one: int, other: int) -> bool:
    """Whether two lives are the same as far as they can be read."""
    if one < 0 or other < 0:
        return one == other
    return abs(one - other) <= LIVES_DIFFER_MILLISECONDS


def is_over(life: int, clock: int) -> bool:
    """Whether a life ends by `clock` (ms since 1970), as far as it can be read."""
    return 0 <= life <= clock + LIVES_DIFFER_MILLISECONDS
