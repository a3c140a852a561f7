"""Who else writes to a target, from the list that servers of each version give."""

from __future__ import annotations

import pytest

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.conftest import StartRedis
from uplift.keyspace.follow.foreign_writers import ForeignClient, ForeignWriters, foreign_clients
from uplift.keyspace.server.connection import CLIENT_NAME, Connection
from uplift.keyspace.server.endpoint import Endpoint

# In the form that each of these versions gives.
OF_3_2 = (
    "id=2 addr=127.0.0.1:50001 fd=6 name= age=21 idle={idle} flags=N db=0 sub=0 psub=0 multi=-1 qbuf=0 qbuf-free=0 obl=0 oll=0 omem=0 "
    "events=r cmd={command}"
)
OF_5_0 = (
    "id=7 addr=127.0.0.1:50002 fd=9 name={name} age=21 idle={idle} flags={flags} db=0 sub=0 psub=0 multi=-1 qbuf=0 qbuf-free=32768 obl=0 oll=0 "
    "omem=0 events=r cmd={command}"
)
OF_VALKEY = (
    "id=9 addr=[::1]:50003 laddr=[::1]:6379 fd=11 name={name} age=3 idle={idle} flags={flags} capa= db=0 sub=0 psub=0 ssub=0 multi=-1 watch=0 "
    "qbuf=0 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=1024 rbp=0 obl=0 oll=0 omem=0 tot-mem=1952 events=r cmd={command} user=default redir=-1 "
    "resp=2 lib-name=redis-py lib-ver=6.4.0 tot-net-in=31 tot-net-out=5 tot-cmds=1"
)


def test_writers_of_every_version_are_named_the_latest_first() -> None:
    listed = "\n".join(
        [
            OF_3_2.format(idle=12, command="set"),
            OF_5_0.format(name="sidekiq", idle=0, flags="N", command="lpush"),
            OF_VALKEY.format(name="", idle=3, flags="N", command="hset"),
        ]
    )
    assert foreign_clients(listed + "\n") == [
        ForeignClient("127.0.0.1:50002", "sidekiq", "lpush"),
        ForeignClient("[::1]:50003", "", "hset"),
        ForeignClient("127.0.0.1:50001", "", "set"),
    ]


@pytest.mark.parametrize("command", ["get", "info", "NULL", "config|get", "client|setinfo", "client|list", "subscribe", "ping", "hello"])
def test_who_only_read_is_not_named(command: str) -> None:
    """Since Redis 7 a subcommand stands behind a bar, and every redis-py says `client|setinfo` when it connects."""
    assert foreign_clients(OF_VALKEY.format(name="", idle=0, flags="N", command=command)) == []


def test_neither_are_this_programs_own_connections_nor_replicas() -> None:
    listed = [
        OF_5_0.format(name=CLIENT_NAME, idle=0, flags="N", command="evalsha"),
        OF_5_0.format(name="", idle=0, flags="S", command="replconf"),
        OF_5_0.format(name="", idle=0, flags="S", command="set"),
        OF_5_0.format(name="", idle=0, flags="M", command="set"),
    ]
    assert foreign_clients("\n".join(listed)) == []


def test_no_more_than_five_are_named_and_no_list_is_none() -> None:
    listed = [OF_5_0.format(name=f"web{number}", idle=number, flags="N", command="set") for number in range(20)]
    assert [client.name for client in foreign_clients("\n".join(reversed(listed)))] == [f"web{number}" for number in range(5)]
    assert foreign_clients("") == []


def test_a_person_reads_who_it_was() -> None:
    assert str(ForeignClient("127.0.0.1:5", "web", "set")) == "127.0.0.1:5 (web), last command set"
    assert str(ForeignClient("127.0.0.1:5", "", "set")) == "127.0.0.1:5, last command set"


@pytest.mark.parametrize("version", ["3.2.6", "5.0.6", "8.2.3", "valkey-9.1.2"])
def test_a_real_writer_is_named(start_redis: StartRedis, version: str) -> None:
    server = start_redis(version)
    server.client.set("k", "v")
    reader = server.connect()
    reader.get("k")
    connection = Connection(Endpoint("127.0.0.1", server.port))
    writers = ForeignWriters(0)
    writers.take(0, connection)
    assert (writers.writes, writers.since, writers.clients) == (0, None, ())
    writers.take(3, connection)
    assert [client.last_command for client in writers.clients] == ["set"]
    first = (writers.since, writers.clients)
    # Asked again only later.
    _write_by_another(server)
    writers.take(2, connection)
    assert writers.writes == 5
    assert (writers.since, writers.clients) == first
    reader.close()
    connection.close()


def _write_by_another(server: RedisServer) -> None:
    server.connect().lpush("list", "x")
