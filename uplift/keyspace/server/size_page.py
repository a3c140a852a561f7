"""Pages of keys with types, TTLs and sizes, but no values (lua/key_sizes.lua), and their parser."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, cast

from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.replies import Reply, as_bytes, as_list
from uplift.keyspace.server.scripts import SIZES

How = Literal["no", "length", "sample", "idle"]
"""How to size, as lua/key_sizes.lua says."""


class KeySize(NamedTuple):
    """One key: PTTL in ms, type, length (bytes of a string, elements of the rest), and bytes of a sampled element or seconds idle."""

    key: bytes
    ttl: int
    kind: bytes
    length: int
    element: int


def scan_sizes(connection: Connection, cursor: int, count: int, how: How) -> tuple[int, list[KeySize]]:
    """The page at a cursor: the next cursor, and the keys with their sizes."""
    reply = as_list(SIZES.ask(connection, [], str(cursor), count, how))
    return int(as_bytes(reply[0])), sizes_of(reply)


def read_sizes(connection: Connection, keys: list[bytes], how: How) -> list[KeySize]:
    """These keys with their sizes."""
    return sizes_of(SIZES.ask(connection, keys, "", 0, how))


def sizes_request(keys: list[bytes], how: How) -> bytes:
    """What asks for these keys' sizes; `sizes_of` takes the answer."""
    return SIZES.request(keys, "", 0, how)


def sizes_of(answer: Reply) -> list[KeySize]:
    """The keys of an answer. By columns, as page_reply.py: it runs for every key of an inventory."""
    columns = cast("list[Any]", answer)
    return list(map(KeySize, columns[1::5], columns[2::5], columns[3::5], columns[4::5], columns[5::5]))
