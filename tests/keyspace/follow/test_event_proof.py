"""What is proven of a server's events before a follow begins, where the parameter may be read and where it may not."""

from __future__ import annotations

import pytest

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.conftest import StartRedis
from tests.keyspace.everything import endpoint
from uplift.errors import NotSafe, TargetRefused
from uplift.keyspace.follow import event_proof
from uplift.keyspace.follow.event_proof import prove_events
from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.replies import Reply

VERSIONS = ("3.2.6", "5.0.6", "8.2.3")
OWNER = "0123abcd.1"
NOT_PROVEN = "source does not say whether it tells of evicted keys (class e): that is not proven"


@pytest.mark.parametrize("version", VERSIONS)
def test_every_class_but_evictions_is_proven_without_config_and_no_probe_stays(start_redis: StartRedis, version: str) -> None:
    """As on ElastiCache, which has no CONFIG."""
    server = start_redis(version)
    server.set_config("notify-keyspace-events", "EA")
    assert prove_events("source", endpoint(server), 0, OWNER) == NOT_PROVEN
    assert server.client.dbsize() == 0


@pytest.mark.parametrize("value", ["EA", "Eg$lshzxe"])
def test_evictions_are_proven_where_the_parameter_may_be_read(start_redis: StartRedis, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    server = start_redis("3.2.6")
    _let_read_parameters(server, monkeypatch)
    server.set_config("notify-keyspace-events", value)
    assert prove_events("source", endpoint(server), 0, OWNER) is None
    server.set_config("notify-keyspace-events", "Eg$lshzx")
    with pytest.raises(NotSafe, match=r"has E and \$lshzgx, and lacks e \(evicted keys\)"):
        prove_events("source", endpoint(server), 0, OWNER)


def test_a_server_that_takes_no_own_keys_is_refused(start_redis: StartRedis) -> None:
    server = start_redis("5.0.6")
    server.set_config("notify-keyspace-events", "EA")
    server.set_config("maxmemory-policy", "noeviction")
    server.set_config("maxmemory", "1000")
    with pytest.raises(TargetRefused, match="takes no keys of the follow's own: OOM"):
        prove_events("cache", endpoint(server), 0, OWNER)


def _let_read_parameters(server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """CONFIG by the name that the test's server has for it."""

    class WithConfig(Connection):
        def ask(self, *arguments: bytes | str | int) -> Reply:
            return super().ask(*(server._own("CONFIG") if one == "CONFIG" else one for one in arguments))

    monkeypatch.setattr(event_proof, "Connection", WithConfig)
