"""What a server leaves out by itself: whole keys, beginnings, and the beginning every key has."""

from __future__ import annotations

import pytest

from tests.conftest import StartRedis
from tests.keyspace.everything import endpoint
from uplift.keyspace.keymap.model import EVERYTHING, one_target_takes_all
from uplift.keyspace.keymap.routing import build_router
from uplift.keyspace.server.connection import Connection, connected
from uplift.keyspace.server.page_reader import ReadLimits, ScanOf, ValueForm, payload_reader

_KEYS = {b"key:%d" % number for number in range(100)} | {b"", b"\x00"}


def returned(connection: Connection, filter_arguments: list[bytes]) -> set[bytes]:
    """The keys of the database that the server does not leave out."""
    reader = payload_reader(connection, ValueForm.COPY, ReadLimits(), ScanOf(1_000, filter_arguments))
    found: set[bytes] = set()
    cursor = 0
    while True:
        reader.request(cursor)
        page = reader.receive()
        found.update(page.keys)
        cursor = page.cursor
        if cursor == 0:
            return found


@pytest.mark.parametrize("version", ["3.2.6", "5.0.6"])
def test_the_empty_beginning_is_that_of_every_key(version: str, start_redis: StartRedis) -> None:
    server = start_redis(version)
    server.client.mset(dict.fromkeys(_KEYS, b"v"))
    only_everything = build_router(one_target_takes_all("a"), ("a",), only=[EVERYTHING])
    with connected(endpoint(server)) as connection:
        assert returned(connection, only_everything.filter_arguments()) == _KEYS
        assert returned(connection, [b"only", b"p"]) == _KEYS
        assert returned(connection, [b"skip", b"p"]) == set()
        assert returned(connection, [b"only", b"e"]) == {b""}
