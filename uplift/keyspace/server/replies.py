"""What a server answers, and the parsers that make it something else than a reply: nothing behind them asks what a reply may be.

A reply of another shape than its command promises raises UnexpectedReply: a proxy or a server that is no Redis is found out at once.
"""

from __future__ import annotations

from typing import TypeGuard

from uplift.errors import TargetRefused, UpliftError

_ONLY_BYTES = {bytes}
_MOST_LETTERS = 200
Reply = bytes | int | None | list["Reply"]
"""What a server answers; an error inside an array stays an ErrorReply."""


class UnexpectedReply(TargetRefused):
    """A server answered with another kind of thing than the command promises."""


class ErrorReply(UpliftError):
    """An error a server answered with. `word` is its first word, such as OOM; `server` is the address of who said it."""

    code = "ErrorReply"

    def __init__(self, text: str, server: str = "a server") -> None:
        super().__init__(text)
        self.server = server

    def __str__(self) -> str:
        """Where nobody knows better what was asked for."""
        return f"{self.server} answered: {self.safe}"

    @property
    def word(self) -> str:
        """The code at the front."""
        return str(self.args[0]).split(" ", 1)[0]

    @property
    def safe(self) -> str:
        """The text without the arguments some versions repeat in it: they could be key names."""
        return str(self.args[0]).split(", with args", 1)[0].split("`", 1)[0][:_MOST_LETTERS].strip()


def is_flat(values: list[Reply]) -> TypeGuard[list[bytes]]:
    """Whether a list holds byte strings alone; the types as a set are three times as fast as a loop (bench/before_after.py)."""
    return set(map(type, values)) <= _ONLY_BYTES


def as_bytes(reply: Reply) -> bytes:
    """One byte string. Raises UnexpectedReply."""
    if isinstance(reply, bytes):
        return reply
    raise _unexpected("a byte string", reply)


def as_optional_bytes(reply: Reply) -> bytes | None:
    """One byte string, or None where the server has none. Raises UnexpectedReply."""
    return None if reply is None else as_bytes(reply)


def as_int(reply: Reply) -> int:
    """One integer. Raises UnexpectedReply."""
    if isinstance(reply, int):
        return reply
    raise _unexpected("an integer", reply)


def as_list(reply: Reply) -> list[Reply]:
    """One array. Raises UnexpectedReply."""
    if isinstance(reply, list):
        return reply
    raise _unexpected("an array", reply)


def as_bytes_list(reply: Reply) -> list[bytes]:
    """An array of byte strings. Raises UnexpectedReply."""
    values = as_list(reply)
    if is_flat(values):
        return values
    raise _unexpected("an array of byte strings", reply)


def as_hash(reply: Reply) -> dict[bytes, bytes]:
    """Fields with their values, as HGETALL has them. Raises UnexpectedReply."""
    flat = as_bytes_list(reply)
    return dict(zip(flat[::2], flat[1::2], strict=True))


def as_ints(reply: Reply) -> list[int]:
    """An array of integers. Raises UnexpectedReply."""
    return [as_int(value) for value in as_list(reply)]


def as_scan(reply: Reply) -> tuple[bytes, list[bytes]]:
    """The cursor to go on from and the elements of SCAN, SSCAN, HSCAN or ZSCAN. Raises UnexpectedReply."""
    values = as_list(reply)
    if len(values) != 2:
        raise _unexpected("a cursor and elements", reply)
    return as_bytes(values[0]), as_bytes_list(values[1])


def as_time(reply: Reply) -> int:
    """TIME in µs since 1970. Raises UnexpectedReply."""
    seconds, microseconds = as_list(reply)[:2]
    return int(as_bytes(seconds)) * 1_000_000 + int(as_bytes(microseconds))


def _unexpected(wanted: str, reply: Reply) -> UnexpectedReply:
    if isinstance(reply, ErrorReply):
        raise reply
    # Never the reply itself: it may hold a key's name or value.
    return UnexpectedReply(f"a server answered with {type(reply).__name__} where its command promises {wanted}: is it a Redis?")
