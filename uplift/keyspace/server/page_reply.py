"""The parser of a page's fours: key, PTTL, type, value, again and again (lua/read_page.lua).

It runs for every key of a copy, so it slices and does not look at each element (bench/copy.py: looking costs 8 % of the client's CPU);
the script, which is ours, is what promises the types.
"""

from __future__ import annotations

from typing import Any, cast

from uplift.keyspace.server.replies import Reply

Value = bytes | list[Reply]
"""A value as lua/read_page.lua answers it: bytes of a string, else an array of its type's own command, or a DUMP in the form 'compact'."""


def payload_fours(flat: list[Reply]) -> tuple[list[bytes], list[int], list[bytes], list[bytes]]:
    """Keys, PTTLs in ms, types, and values as bytes."""
    columns = cast("list[Any]", flat)
    return columns[0::4], columns[1::4], columns[2::4], columns[3::4]


def value_fours(flat: list[Reply]) -> tuple[list[bytes], list[int], list[bytes], list[Value]]:
    """Keys, PTTLs in ms, types, and values by the types' own commands."""
    columns = cast("list[Any]", flat)
    return columns[0::4], columns[1::4], columns[2::4], columns[3::4]
