"""Queues and private queues: which is which by its name, and what a server says of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import StartRedis
from tests.sidekiq.sides import connection_to, heartbeat, push_secret
from uplift.sidekiq.keys.private_queues import PrivateQueue, private_queue_of
from uplift.sidekiq.keys.processes import read_processes
from uplift.sidekiq.keys.queues import Queue, public_names, read_queues

PUBLIC = frozenset({b"default", b"low", b"low_priority", b"a|b", b"a:b", b"x_1", b"\xff"})
OWNER = b"my_host.vfs:12:0123456789ab"


@pytest.mark.parametrize(
    ("name", "queue", "owner"),
    [
        (b"sq|%b|default" % OWNER, b"default", OWNER),
        (b"sq|%b|a|b" % OWNER, b"a|b", OWNER),
        (b"sq|%b|not public" % OWNER, b"not public", OWNER),
        (b"sq|%b|\xff\n:_" % OWNER, b"\xff\n:_", OWNER),
        (b"sq_%b_low_priority" % OWNER, b"low_priority", OWNER),
        (b"sq_%b_q_h:2:ba9876543210_r" % OWNER, b"q_h:2:ba9876543210_r", OWNER),
        (b"low_priority_host_0", b"low_priority", None),
        (b"low_my_host_12", b"low", None),
        (b"x_1_host_2", b"x_1", None),
        (b"default|host|77|3", b"default", None),
        (b"a|b|host|77|3", b"a|b", None),
        (b"a:b:working", b"a:b", None),
        (b"\xff_host_1", b"\xff", None),
        # Of none of the forms, or of a queue that is not public.
        (b"default_1", b"", None),
        (b"nobody_host_1", b"", None),
        (b"", b"", None),
        (b"sq|host|default", b"", None),
    ],
)
def test_a_private_queue(name: bytes, queue: bytes, owner: bytes | None) -> None:
    key = b"queue:" + name
    assert private_queue_of(key, PUBLIC) == PrivateQueue(key, queue, owner)


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_a_public_queue_is_not_private_whatever_its_name(name: bytes) -> None:
    assert private_queue_of(b"queue:" + name, PUBLIC) is None


def test_a_private_queue_stays_one_although_its_name_was_added_to_the_public_ones() -> None:
    name = b"sq|%b|default" % OWNER
    assert private_queue_of(b"queue:" + name, PUBLIC | {name}) == PrivateQueue(b"queue:" + name, b"default", OWNER)


@pytest.mark.parametrize("version", ["3.2.6", "5.0.6"])
def test_queues_of_a_server(version: str, start_redis: StartRedis) -> None:
    server = start_redis(version)
    client: Any = server.client
    connection = connection_to(server)
    assert read_queues(connection, frozenset(), with_oldest=True) == ()
    for number in range(3):
        push_secret(server, number, queue="a|b_c:d")
    client.sadd("queues", "empty")
    client.sadd("queues", "odd")
    client.set("queue:odd", "no list")
    client.sadd("paused", "empty")
    heartbeat(server, "h:1:0123456789ab", "listed")
    names = public_names(connection, read_processes(connection))
    assert names == {b"a|b_c:d", b"empty", b"odd", b"listed"}
    oldest = client.lindex("queue:a|b_c:d", -1)
    assert read_queues(connection, names, with_oldest=True) == (
        Queue(b"a|b_c:d", 3, oldest=oldest),
        Queue(b"empty", 0, is_paused=True),
        Queue(b"listed", 0),
        Queue(b"odd", None),
    )
    assert read_queues(connection, frozenset({b"a|b_c:d"})) == (Queue(b"a|b_c:d", 3),)
