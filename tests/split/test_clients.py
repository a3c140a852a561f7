"""Who is connected and since when nobody is: every version's list, real servers, and the time as a table."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import redis

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.conftest import StartRedis
from tests.keyspace.everything import endpoint
from uplift.keyspace.server.connection import CLIENT_NAME, connected
from uplift.sidekiq.run.connections import CONNECTION_NAME, named_connection
from uplift.split.evidence.clients import Client, foreign_clients, read_clients
from uplift.split.evidence.quiet import Look, Quiet, why_not_moved

OF_3_2 = (
    "id={id} addr={addr} fd=6 name={name} age={age} idle={idle} flags={flags} db=0 sub=0 psub=0 multi=-1 qbuf=0 qbuf-free=0 obl=0 oll=0 "
    "omem=0 events=r cmd={cmd}"
)
OF_8 = (
    "id={id} addr={addr} laddr=10.0.0.9:6379 fd=11 name={name} age={age} idle={idle} flags={flags} db=0 sub=0 psub=0 ssub=0 multi=-1 watch=0 "
    "qbuf=0 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=1024 rbp=0 obl=0 oll=0 omem=0 tot-mem=1952 events=r cmd={cmd} user=default redir=-1 "
    "resp=2 lib-name=redis-py lib-ver=6.4.0 io-thread=0 tot-net-in=31 tot-net-out=5 tot-cmds=1"
)


def line(form: str = OF_3_2, **fields: Any) -> str:
    return form.format(**{"id": 2, "addr": "10.0.0.1:50001", "name": "", "age": 400, "idle": 3, "flags": "N", "cmd": "get", **fields})


def listed(*lines: str) -> bytes:
    return "".join(f"{one}\n" for one in lines).encode()


@pytest.mark.parametrize("form", [OF_3_2, OF_8], ids=["3.2", "8"])
def test_every_field_of_a_client_is_read(form: str) -> None:
    found = foreign_clients(listed(line(form, name="web-1", cmd="client|setinfo"), line(form, addr="[fe80::1]:7", idle=0)), "legacy")
    assert found == (
        Client("legacy", "[fe80::1]:7", "", 400, 0, "get"),
        Client("legacy", "10.0.0.1:50001", "web-1", 400, 3, "client|setinfo"),
    )
    assert [client.host for client in found] == ["fe80::1", "10.0.0.1"]
    assert str(found[1]) == "10.0.0.1:50001 (web-1) on legacy, connected for 400 s, last command client|setinfo 3 s ago"


@pytest.mark.parametrize(
    ("fields", "is_foreign"),
    [
        ({"name": CLIENT_NAME}, False),
        ({"name": CONNECTION_NAME}, False),
        ({"name": "uplifting-news"}, True),
        ({"flags": "S", "cmd": "replconf"}, False),
        ({"flags": "M"}, False),
        ({"flags": "O", "cmd": "monitor"}, True),
        ({"flags": "b", "cmd": "brpop"}, True),
        ({"cmd": "NULL", "age": 1}, False),
        ({"cmd": "auth", "age": 1}, False),
        ({"cmd": "NULL", "age": 5}, True),
        ({"cmd": "NULL", "age": 1, "name": "web"}, True),
        ({"cmd": "NULL", "age": "odd"}, True),
        ({"cmd": "get", "age": 0}, True),
        ({"addr": "/run/redis.sock:0"}, True),
    ],
)
def test_who_counts(fields: dict[str, Any], is_foreign: bool) -> None:
    assert bool(foreign_clients(listed(line(**fields)), "legacy")) == is_foreign


@pytest.mark.parametrize(
    ("glob", "is_allowed"),
    [
        ("exporter*", True),
        ("Exporter*", False),
        ("10.0.0.1", True),
        ("10.0.*", True),
        ("10.0.0.1:50001", True),
        ("10.0.1.*", False),
        ("export", False),
        ("", False),
        ("[", False),
    ],
)
def test_who_is_allowed(glob: str, is_allowed: bool) -> None:
    assert bool(foreign_clients(listed(line(name="exporter-9121")), "legacy", ["other", glob])) != is_allowed


def test_a_glob_of_names_does_not_allow_who_has_none() -> None:
    assert foreign_clients(listed(line(addr="")), "legacy", ["?*x*", ""]) == (Client("legacy", "?", "", 400, 3, "get"),)


@pytest.mark.parametrize(
    ("odd", "client"),
    [
        ("nonsense", Client("s", "?", "", 0, 0, "?")),
        ("id=1", Client("s", "?", "", 0, 0, "?")),
        ("addr=h:1 name=größe=ä age=² idle=-3 cmd=", Client("s", "h:1", "größe=ä", 0, 0, "?")),
        ("addr=h:1  name=x  age=7 idle=1 cmd=set \r", Client("s", "h:1", "x", 7, 1, "set")),
    ],
)
def test_what_cannot_be_read_counts_as_a_client(odd: str, client: Client) -> None:
    assert foreign_clients(f"\n{odd}\n\n".encode(), "s") == (client,)
    assert foreign_clients(b"addr=h:1 name=\xff\xfe", "s")[0].name == "\ufffd\ufffd"


def test_no_list_is_nobody() -> None:
    assert foreign_clients(b"", "s") == foreign_clients(b"\n", "s") == ()


@contextmanager
def blocked(client: redis.Redis) -> Iterator[None]:
    """A worker that waits for a job, until it gets one."""
    thread = threading.Thread(target=client.brpop, args=(["queue:default"], 0))
    thread.start()
    try:
        yield
    finally:
        with redis.Redis(port=client.connection_pool.connection_kwargs["port"], protocol=2, driver_info=None) as pusher:
            pusher.lpush("queue:default", "job")
        thread.join()


def named(server: RedisServer, name: str, **more: Any) -> redis.Redis:
    return redis.Redis(port=server.port, client_name=name, protocol=2, driver_info=None, socket_timeout=None, **more)


@pytest.mark.parametrize("version", ["3.2.6", "5.0.6"])
def test_everybody_on_a_real_server(start_redis: StartRedis, version: str) -> None:
    server, replica = start_redis(version), start_redis(version)
    replica.follow(server)
    server.client.connection_pool.disconnect()
    worker, web, listener = named(server, "worker"), redis.Redis(port=server.port, protocol=2, driver_info=None), named(server, "listener")
    web.get("session:1")
    heard = listener.pubsub()
    heard.subscribe("news")
    heard.get_message(timeout=60)
    handover = named_connection(endpoint(server), 0)
    with connected(endpoint(server)) as connection, blocked(worker):

        def found(*allowed: str) -> dict[str, str]:
            return {client.name: client.command for client in read_clients(connection, "legacy", allowed)}

        def worker_waits() -> bool:
            return found().get("worker") == "brpop"

        wait_for(worker_waits)
        assert found() == {"worker": "brpop", "": "get", "listener": "subscribe"}
        assert found("wor*", "listener") == {"": "get"}
        assert found("127.0.0.1") == {}
        assert {client.server for client in read_clients(connection, "legacy")} == {"legacy"}
        web.close()
        wait_for(lambda: found() == {"worker": "brpop", "listener": "subscribe"})
    handover.close()
    heard.close()
    worker.close()
    listener.close()


def test_on_a_replica_its_primary_is_no_client(start_redis: StartRedis) -> None:
    primary, replica = start_redis("3.2.6"), start_redis("3.2.6")
    replica.follow(primary)
    replica.client.connection_pool.disconnect()
    with connected(endpoint(replica)) as connection:
        wait_for(lambda: read_clients(connection, "legacy") == ())


def wait_for(is_so: Callable[[], bool]) -> None:
    for _ in range(100_000):
        if is_so():
            return
    raise AssertionError("it did not come to be so")


CLIENT = Client("legacy", "10.0.0.1:5", "web", 400, 3, "get")


def quiet_after(*looks: Look) -> Quiet:
    quiet = Quiet()
    for look in looks:
        quiet.take(look)
    return quiet


def at(seconds: float, *, clients: tuple[Client, ...] = (), events: int | None = 7, processes: tuple[str, ...] = ()) -> Look:
    return Look(seconds, clients, events, processes)


@pytest.mark.parametrize(
    ("looks", "now", "seconds"),
    [
        ((), 100, 0),
        ((at(100),), 120, 0),
        ((at(100), at(120)), 121, 20),
        ((at(100), at(120)), 151, 0),
        ((at(100), at(131)), 131, 0),
        ((at(100), at(130)), 130, 30),
        ((at(100), at(110, clients=(CLIENT,)), at(115), at(120)), 120, 10),
        ((at(100), at(110, clients=(CLIENT,))), 110, 0),
        ((at(100), at(110, processes=("host:1:a",)), at(120)), 120, 10),
        ((at(100), at(110, events=8), at(120, events=8)), 120, 10),
        ((at(100), at(110, events=3), at(120, events=3)), 120, 10),
        ((at(100), at(110, events=None)), 110, 0),
        ((at(100), at(110, events=None), at(120)), 120, 10),
        ((at(100), at(110, events=None), at(120, events=9)), 120, 0),
    ],
)
def test_since_when_it_is_quiet(looks: tuple[Look, ...], now: float, seconds: float) -> None:
    quiet = quiet_after(*looks)
    assert quiet.quiet_seconds(now) == quiet.facts(now).seconds == seconds


def test_another_side_begins_at_nothing() -> None:
    quiet = quiet_after(at(100), at(120))
    quiet.begin_again()
    assert (quiet.quiet_seconds(120), quiet.facts(120).has_gap) == (0, True)
    quiet.take(at(121, events=0))
    quiet.take(at(125, events=0))
    assert (quiet.quiet_seconds(125), quiet.facts(125).event_seconds) == (4, None)


@pytest.mark.parametrize(
    ("looks", "now", "said"),
    [
        ((at(100), at(110), at(120)), 120, []),
        ((), 100, ["events of that side may have been missed"]),
        ((at(100), at(110)), 110, ["quiet for 10 s, expected: 20 s (--quiet)"]),
        ((at(100), at(115), at(130, clients=(CLIENT,))), 130, [f"client {CLIENT}: restart its process, or name it with --allow-client"]),
        ((at(100), at(115), at(130, processes=("host:1:a",))), 130, ["Sidekiq process host:1:a has a heartbeat there"]),
        ((at(100), at(115, events=8), at(125, events=8)), 126, ["an application wrote there 11 s ago"]),
        ((at(100), at(115, events=8), at(125, events=8), at(135, events=8)), 135, []),
        ((at(100), at(120, events=None)), 120, ["events of that side may have been missed"]),
    ],
)
def test_why_it_is_not_moved_names_who(looks: tuple[Look, ...], now: float, said: list[str]) -> None:
    reasons = why_not_moved(quiet_after(*looks).facts(now), 20)
    assert len(reasons) == len(said)
    for reason, beginning in zip(reasons, said, strict=True):
        assert reason.startswith(beginning)


def test_of_many_clients_the_first_are_named_and_the_rest_counted() -> None:
    clients = tuple(Client("legacy", f"10.0.0.1:{port}", "", 1, 1, "get") for port in range(25))
    reasons = why_not_moved(quiet_after(at(1, clients=clients)).facts(1), 20)
    assert (len(reasons), reasons[-1]) == (11, "and 15 more clients")
