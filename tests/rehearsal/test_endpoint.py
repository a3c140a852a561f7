"""The endpoint in front of a node: what a cut may and may not lose, on a real Redis."""

from __future__ import annotations

import ipaddress
import itertools
import threading
from collections.abc import Iterator

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from rehearsal.cloud.elasticache.endpoint_proxy import Endpoint, ProxyLoop
from rehearsal.cloud.elasticache.node_factory import addresses
from tests.conftest import StartRedis


@pytest.fixture(scope="module")
def loop() -> ProxyLoop:
    return ProxyLoop()


@pytest.fixture
def host() -> str:
    return "127.99.7.1"


def _client(endpoint: Endpoint) -> redis.Redis:
    return redis.Redis(endpoint.host, endpoint.port, protocol=2, driver_info=None, retry=Retry(NoBackoff(), 0), socket_timeout=60)


@pytest.fixture
def endpoint(loop: ProxyLoop, host: str, start_redis: StartRedis) -> Iterator[Endpoint]:
    endpoint = Endpoint(loop, host, 6379, start_redis("3.2.6").port)
    yield endpoint
    endpoint.close()


def test_it_passes_commands_on_and_can_be_pointed_elsewhere(endpoint: Endpoint, start_redis: StartRedis) -> None:
    other = start_redis("5.0.6")
    assert _client(endpoint).info("server")["redis_version"] == "3.2.6"
    endpoint.replace_node(other.port)
    assert _client(endpoint).info("server")["redis_version"] == "5.0.6"


def test_while_it_is_cut_nobody_gets_through(endpoint: Endpoint) -> None:
    client = _client(endpoint)
    assert client.ping()
    endpoint.cut()
    with pytest.raises(redis.ConnectionError):
        client.ping()
    endpoint.open()
    assert client.ping()


def test_every_write_that_was_acknowledged_before_the_cut_is_on_the_node(endpoint: Endpoint, start_redis: StartRedis) -> None:
    acknowledged = 0
    begun = threading.Event()

    def write() -> None:
        nonlocal acknowledged
        client = _client(endpoint)
        try:
            while True:
                client.incr("counter")
                acknowledged += 1
                begun.set()
        except redis.ConnectionError:
            return

    writer = threading.Thread(target=write)
    writer.start()
    assert begun.wait(60)
    endpoint.cut()
    writer.join()
    endpoint.open()
    counted = int(_client(endpoint).get("counter") or 0)
    assert acknowledged <= counted <= acknowledged + 1


def test_there_are_addresses_enough_for_any_number_of_nodes() -> None:
    given = list(itertools.islice(addresses(), 600))
    assert len({ipaddress.IPv4Address(address) for address in given}) > 500
