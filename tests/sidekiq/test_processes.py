"""Processes by their heartbeats: alive, quiet, killed, of every version, and of any bytes."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.conftest import StartRedis
from tests.sidekiq.sides import KILLED, LIVE, connection_to, heartbeat
from uplift.keyspace.server.replies import ErrorReply
from uplift.sidekiq.keys.processes import Process, listed_queues, process_of, read_processes


@pytest.mark.parametrize("version", ["3.2.6", "5.0.6"])
def test_live_quiet_and_killed_processes(version: str, start_redis: StartRedis) -> None:
    server = start_redis(version)
    client: Any = server.client
    heartbeat(server, LIVE, "critical", "default")
    heartbeat(server, "b:2:0123456789ab", "low", quiet=True)
    heartbeat(server, "c:3:0123456789ab", "low", version="7.2.4", embedded=False, weights=[{"low": 0}])
    # Killed: its hash is gone after a minute, its name stays until another process cleans up.
    client.sadd("processes", KILLED)
    connection = connection_to(server)
    found = {process.identity.decode(): process for process in read_processes(connection)}
    live, quiet, later, killed = found[LIVE], found["b:2:0123456789ab"], found["c:3:0123456789ab"], found[KILLED]
    assert (live.is_alive, live.queues, live.is_quiet, live.concurrency, live.busy, live.version) == (
        (True, frozenset({b"critical", b"default"}), False, 16, 2, None)
    )
    assert live.beat == pytest.approx(time.time(), abs=60)
    assert (quiet.is_alive, quiet.is_quiet) == (True, True)
    assert later.version == "7.2.4"
    assert killed == Process(KILLED.encode(), is_alive=False)
    assert listed_queues(tuple(found.values())) == {b"critical", b"default", b"low"}
    assert listed_queues((quiet, killed)) == frozenset()
    assert read_processes(connection_to(start_redis(version))) == ()


def test_a_key_of_another_type_is_no_dead_process(start_redis: StartRedis) -> None:
    """Dead owners' jobs are given back to run: of what is not understood that may not be said."""
    server = start_redis("5.0.6")
    client: Any = server.client
    client.sadd("processes", LIVE)
    client.set(LIVE, "no hash")
    assert read_processes(connection_to(server)) == (Process(LIVE.encode(), is_alive=True),)


def test_a_server_that_cannot_answer_says_nothing_of_a_process() -> None:
    with pytest.raises(ErrorReply, match="LOADING"):
        process_of(b"a", ErrorReply("LOADING Redis is loading the dataset in memory"))


@pytest.mark.parametrize(
    "info",
    [
        b"",
        b"\xff\xfe",
        b"no JSON",
        b"[1]",
        b'"text"',
        b"[" * 100_000,
        b'{"queues": {"a": 1}, "concurrency": "many", "version": 7}',
        b'{"queues": [1, null, ["a"]]}',
        b'{"queues": ["\\ud800"]}',
        b"9" * 10_000,
    ],
)
def test_any_bytes_are_survived(info: bytes) -> None:
    found = process_of(b"a", [info, b"\xff", b"nan", b"\xff"])
    assert found == Process(b"a", is_alive=True)


def test_names_of_queues_keep_their_bytes() -> None:
    info = json.dumps({"queues": ["a|b_c:d", "\u00fc"]}, ensure_ascii=False).encode() + b" "
    assert process_of(b"a", [info, None, None, None]).queues == {b"a|b_c:d", "\u00fc".encode()}
    assert process_of(b"a", [b'{"queues": ["\xff"]}', b"2.5", b"inf", b"true"]).queues == {b"\xff"}
    assert process_of(b"a", [None, b"1", b"1e3", b"true"]) == Process(b"a", is_alive=True, is_quiet=True, beat=1000.0, busy=1)
