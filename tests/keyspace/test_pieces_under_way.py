"""Several requests for pieces of one value under way: each gets its own answer, whatever happens in between."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.conftest import StartRedis
from tests.keyspace.busy_server import busy
from tests.keyspace.everything import endpoint
from uplift.keyspace.server.big_value_reader import BigDigest
from uplift.keyspace.server.connection import Connection, connected, pack
from uplift.keyspace.server.page_reader import ReadLimits
from uplift.keyspace.server.pieces_under_way import answers, ask_in_order
from uplift.keyspace.server.replies import ErrorReply
from uplift.keyspace.server.value_pieces import Piece, read_pieces

VERSIONS = ["3.2.6", "8.2.3", "valkey-9.1.2"]
NAMES = [f"element {number}" for number in range(30_000)]


@pytest.fixture
def connection(start_redis: StartRedis) -> Iterator[Connection]:
    with connected(endpoint(start_redis("3.2.6"))) as connection:
        yield connection


def _echoes(count: int) -> Iterator[bytes]:
    return (pack("ECHO", number) for number in range(count))


def _numbers(count: int) -> list[bytes]:
    return [b"%d" % number for number in range(count)]


@pytest.mark.parametrize("most", [1, 16])
def test_answers_come_in_the_order_of_their_requests(most: int, connection: Connection) -> None:
    requests = _echoes(50)
    assert list(answers(connection, lambda: next(requests, None), most)) == _numbers(50)


def test_no_more_are_under_way_than_allowed(connection: Connection) -> None:
    given, taken, requests = 0, 0, _echoes(50)
    most_under_way = 0

    def following() -> bytes | None:
        nonlocal given, most_under_way
        request = next(requests, None)
        given += request is not None
        most_under_way = max(most_under_way, given - taken)
        return request

    for _ in answers(connection, following, 7):
        taken += 1
    assert (taken, most_under_way) == (50, 7)


def test_requests_that_come_of_an_answer_are_sent_after_it(connection: Connection) -> None:
    """A scan has no further request until its last page has come; None is no end as long as something is under way."""
    waiting, taken = [0, 100], []

    def following() -> bytes | None:
        return pack("ECHO", waiting.pop(0)) if waiting else None

    for reply in answers(connection, following, 16):
        assert isinstance(reply, bytes)
        taken.append(int(reply))
        if int(reply) % 100 < 3:
            waiting.append(int(reply) + 1)
    assert taken == [0, 100, 1, 101, 2, 102, 3, 103]


def test_closed_in_the_middle_it_leaves_no_answer_on_the_connection(connection: Connection) -> None:
    requests = _echoes(50)
    with closing(answers(connection, lambda: next(requests, None), 16)) as replies:
        assert [next(replies), next(replies)] == [b"0", b"1"]
    assert connection.call("ECHO", "the next command") == b"the next command"


def test_an_error_leaves_no_answer_on_the_connection(connection: Connection) -> None:
    requests = iter([*_echoes(3), pack("LLEN"), *_echoes(20)])
    taken = []
    with pytest.raises(ErrorReply, match="wrong number of arguments"):
        for reply in answers(connection, lambda: next(requests, None), 16):
            taken.append(reply)
    assert taken == _numbers(3)
    assert connection.call("ECHO", "the next command") == b"the next command"


def test_what_was_refused_because_the_server_was_not_ready_is_asked_again_in_order(start_redis: StartRedis) -> None:
    server = start_redis("3.2.6")
    requests, taken = _echoes(50), []
    with connected(endpoint(server)) as connection:
        for reply in answers(connection, lambda: next(requests, None), 16):
            taken.append(reply)
            if len(taken) == 20:
                # 15 have their answers already; those that follow meet a server that runs somebody's script.
                thread = busy(server, 300)
    thread.join()
    assert taken == _numbers(50)


def test_a_few_in_one_round_trip(connection: Connection) -> None:
    assert ask_in_order(connection, []) == []
    assert ask_in_order(connection, list(_echoes(5))) == _numbers(5)


def _big(start_redis: StartRedis, version: str, kind: str) -> RedisServer:
    server = start_redis(version)
    client: Any = server.client
    match kind:
        case "set":
            client.sadd("big", *NAMES)
        case "hash":
            client.execute_command("HMSET", "big", *[part for name in NAMES for part in (name, "value")])
        case _:
            client.zadd("big", {name: number / 7 for number, name in enumerate(NAMES)})
    return server


def _pieces(server: RedisServer, kind: str, under_way: int) -> Iterator[Piece]:
    with connected(endpoint(server)) as connection:
        yield from read_pieces(connection, b"big", kind.encode(), ReadLimits(pieces_under_way=under_way), len(NAMES))


@pytest.mark.parametrize("kind", ["set", "hash", "zset"])
@pytest.mark.parametrize("version", VERSIONS)
def test_every_element_is_in_a_piece(version: str, kind: str, start_redis: StartRedis) -> None:
    server = _big(start_redis, version, kind)
    names = {"set": slice(None), "hash": slice(0, None, 2), "zset": slice(1, None, 2)}[kind]
    for under_way in (1, 2, 16, 64):
        seen = {name for piece in _pieces(server, kind, under_way) for name in piece.arguments[names]}
        assert seen == {name.encode() for name in NAMES}, under_way


@pytest.mark.parametrize("under_way", [1, 16])
@pytest.mark.parametrize("kind", ["set", "hash", "zset"])
@pytest.mark.parametrize("version", VERSIONS)
def test_each_element_of_a_value_at_rest_is_counted_once(version: str, kind: str, under_way: int, start_redis: StartRedis) -> None:
    """Though partitions of a scan overlap at their borders: what comes twice is told apart there alone."""
    digest = BigDigest(kind.encode(), remembers=False)
    for piece in _pieces(_big(start_redis, version, kind), kind, under_way):
        digest.add(piece)
    assert digest.elements == len(NAMES)
