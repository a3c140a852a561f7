"""The names of keys that begin in one way, found by a SCAN that the server filters."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from uplift.keyspace.server.replies import Reply, as_scan

_PAGE_KEYS = 1_000


def names_there(ask: Callable[..., Reply], prefix: bytes) -> Iterator[bytes]:
    """Those in a connection's database, some of them perhaps twice. `ask`: its `ask` or its `call`, whose errors are raised."""
    cursor = b"0"
    while True:
        cursor, names = as_scan(ask("SCAN", cursor, "MATCH", prefix + b"*", "COUNT", _PAGE_KEYS))
        yield from names
        if cursor == b"0":
            return
