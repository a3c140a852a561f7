"""Requests under way on one connection: each is answered once and in order, whatever happens in between."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.conftest import StartRedis
from tests.keyspace.busy_server import busy
from tests.keyspace.command_calls import calls
from tests.keyspace.everything import endpoint
from uplift.errors import SourceUnreachable, TargetRefused
from uplift.keyspace.server.connection import Connection, Patience, pack
from uplift.keyspace.server.pipelined_requests import PipelinedRequests
from uplift.keyspace.server.replies import Reply
from uplift.keyspace.server.scripts import Script

UNDER_WAY = 20


@pytest.fixture(params=["3.2.6", "5.0.6"])
def server(request: pytest.FixtureRequest, start_redis: StartRedis) -> RedisServer:
    return start_redis(request.param)


@pytest.fixture
def connection(server: RedisServer) -> Iterator[Connection]:
    connection = _connection(server)
    yield connection
    connection.close()


def _connection(server: RedisServer) -> Connection:
    return Connection(endpoint(server), patience=Patience(first_pause_seconds=0.0))


def _script(text: bytes) -> Script:
    return Script(text, hashlib.sha1(text, usedforsecurity=False).hexdigest())


RETURNS = _script(b"return ARGV[1]")


def _send(requests: PipelinedRequests, numbers: range) -> None:
    for number in numbers:
        requests.send(pack("ECHO", number))


def _send_scripts(requests: PipelinedRequests, numbers: range) -> None:
    for number in numbers:
        requests.send(RETURNS.request([], number))


def _receive(requests: PipelinedRequests, count: int) -> list[Reply]:
    return [requests.receive() for _ in range(count)]


def _numbers(numbers: range) -> list[bytes]:
    return [b"%d" % number for number in numbers]


def _wait_for_calls(server: RedisServer, command: str, wanted: int) -> None:
    while calls(server, command) < wanted:
        pass


def _kill(server: RedisServer) -> None:
    """Close the connections of the engine, by the name it gives them."""
    for client in server.client.client_list():
        if client["name"] == "uplift":
            server.client.client_kill(client["addr"])


def _nothing_is_left(connection: Connection) -> None:
    assert connection.call("ECHO", "the next command") == b"the next command"


def test_answers_come_in_the_order_of_the_requests(connection: Connection) -> None:
    requests = PipelinedRequests(connection)
    _send(requests, range(UNDER_WAY))
    for number in range(100):
        assert requests.receive() == b"%d" % number
        requests.send(pack("ECHO", number + UNDER_WAY))
    assert _receive(requests, UNDER_WAY) == _numbers(range(100, 100 + UNDER_WAY))
    _nothing_is_left(connection)


def test_a_script_that_the_server_never_had_is_loaded(server: RedisServer, connection: Connection) -> None:
    server.client.script_flush()
    requests = PipelinedRequests(connection, RETURNS)
    _send_scripts(requests, range(UNDER_WAY))
    assert _receive(requests, UNDER_WAY) == _numbers(range(UNDER_WAY))
    _nothing_is_left(connection)


def test_a_script_that_is_lost_in_the_middle_is_loaded_again(server: RedisServer, connection: Connection) -> None:
    RETURNS.ensure(connection)
    requests = PipelinedRequests(connection, RETURNS)
    for part in (range(5), range(5, 10), range(10, 15)):
        before = calls(server, "evalsha")
        _send_scripts(requests, part)
        _wait_for_calls(server, "evalsha", before + 5)
        server.client.script_flush()
    _send_scripts(requests, range(15, UNDER_WAY))
    assert _receive(requests, UNDER_WAY) == _numbers(range(UNDER_WAY))
    _nothing_is_left(connection)


def _under_way_behind_a_gate(server: RedisServer, requests: PipelinedRequests) -> None:
    """Twenty requests of which the server has answered five: the sixth waits for an element, and those behind it with it."""
    _send(requests, range(5))
    requests.send(pack("BLPOP", "gate", 0))
    _send(requests, range(6, UNDER_WAY))
    while not any(client["cmd"] == "blpop" for client in server.client.client_list()):
        pass


def test_a_connection_that_is_killed_is_opened_again_and_each_request_answered_once(server: RedisServer, connection: Connection) -> None:
    requests = PipelinedRequests(connection)
    _under_way_behind_a_gate(server, requests)
    assert _receive(requests, 5) == _numbers(range(5))
    _kill(server)
    server.client.rpush("gate", "open")
    assert requests.receive() == [b"gate", b"open"]
    assert _receive(requests, UNDER_WAY - 6) == _numbers(range(6, UNDER_WAY))
    _nothing_is_left(connection)


def test_what_is_sent_over_a_connection_that_was_killed_is_not_lost(server: RedisServer, connection: Connection) -> None:
    requests = PipelinedRequests(connection)
    _under_way_behind_a_gate(server, requests)
    _kill(server)
    server.client.rpush("gate", "open")
    _send(requests, range(UNDER_WAY, 2 * UNDER_WAY))
    assert _receive(requests, 5) == _numbers(range(5))
    assert requests.receive() == [b"gate", b"open"]
    assert _receive(requests, 2 * UNDER_WAY - 6) == _numbers(range(6, 2 * UNDER_WAY))
    _nothing_is_left(connection)


def test_a_connection_that_breaks_again_and_again_ends_it(
    server: RedisServer, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests, reconnect, opened = PipelinedRequests(connection), Connection.reconnect, []

    def reconnect_and_lose(self: Connection) -> None:
        reconnect(self)
        opened.append(self)
        _kill(server)

    monkeypatch.setattr(Connection, "reconnect", reconnect_and_lose)
    _kill(server)
    requests.send(pack("ECHO", 1))
    with pytest.raises(SourceUnreachable, match=rf"127.0.0.1:{server.port}"):
        requests.receive()
    assert len(opened) == 5


@pytest.mark.parametrize("answered", [0, 10])
def test_a_server_that_is_busy_is_waited_for(answered: int, server: RedisServer, connection: Connection) -> None:
    requests = PipelinedRequests(connection)
    _send(requests, range(answered))
    _wait_for_calls(server, "echo", answered)
    thread = busy(server, 300)
    _send(requests, range(answered, UNDER_WAY))
    assert _receive(requests, UNDER_WAY) == _numbers(range(UNDER_WAY))
    thread.join()
    _nothing_is_left(connection)


def test_one_request_is_answered_ahead_of_those_under_way(connection: Connection) -> None:
    requests = PipelinedRequests(connection)
    assert requests.ahead_of_the_rest(pack("ECHO", "alone")) == b"alone"
    _send(requests, range(UNDER_WAY))
    assert _receive(requests, 3) == _numbers(range(3))
    for word in (b"first", b"second"):
        assert requests.ahead_of_the_rest(pack("ECHO", word)) == word
        requests.send(pack("ECHO", word))
    assert _receive(requests, UNDER_WAY - 3) == _numbers(range(3, UNDER_WAY))
    assert _receive(requests, 2) == [b"first", b"second"]
    _nothing_is_left(connection)


def test_answers_that_were_read_already_are_not_asked_for_again_when_the_connection_breaks(
    server: RedisServer, connection: Connection
) -> None:
    requests = PipelinedRequests(connection)
    _send(requests, range(3))
    assert requests.ahead_of_the_rest(pack("ECHO", "ahead")) == b"ahead"
    _kill(server)
    before = calls(server, "echo")
    _send(requests, range(3, UNDER_WAY))
    assert requests.ahead_of_the_rest(pack("ECHO", "ahead")) == b"ahead"
    assert _receive(requests, UNDER_WAY) == _numbers(range(UNDER_WAY))
    assert calls(server, "echo") - before == 1 + UNDER_WAY - 3
    _nothing_is_left(connection)


def test_what_a_server_refuses_is_refused_in_its_place(start_redis: StartRedis) -> None:
    server = start_redis("6.2.14")
    connection = _connection(server)
    requests = PipelinedRequests(connection)
    _send(requests, range(3))
    _wait_for_calls(server, "echo", 3)
    server.client.execute_command("ACL", "SETUSER", "default", "-echo")
    _send(requests, range(3, UNDER_WAY))
    assert _receive(requests, 3) == _numbers(range(3))
    with pytest.raises(TargetRefused, match=rf"127.0.0.1:{server.port} cannot be read: NOPERM"):
        requests.receive()
    with pytest.raises(TargetRefused, match=rf"127.0.0.1:{server.port} cannot be read: NOPERM"):
        PipelinedRequests(_connection(server)).ahead_of_the_rest(pack("ECHO", "ahead"))


def test_a_server_that_stands_still_is_unreachable(server: RedisServer, connection: Connection) -> None:
    stalled = _script(b"return redis.error_reply('STALLED as lua/read_ttls.lua says')")
    requests = PipelinedRequests(connection, stalled)
    requests.send(stalled.request([]))
    with pytest.raises(SourceUnreachable, match=rf"127.0.0.1:{server.port}: TTLs could not be read"):
        requests.receive()
