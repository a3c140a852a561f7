"""A connection to one Redis node, for commands ElastiCache allows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from uplift.errors import SourceUnreachable

CLIENT_NAME = "uplift"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where one node listens. `password` never appears in a repr, a log or an error."""

    host: str
    port: int
    tls: bool = False
    password: str | None = field(default=None, repr=False)


@contextmanager
def connected(endpoint: Endpoint, *, database: int = 0, timeout_seconds: float = 10.0) -> Iterator[redis.Redis]:
    """Open a connection that speaks RESP2 (below 6 there is no HELLO) and returns bytes untouched.

    Raises SourceUnreachable, naming the address, when connecting or any command inside fails for the network's sake.
    """
    client = redis.Redis(
        host=endpoint.host,
        port=endpoint.port,
        db=database,
        password=endpoint.password,
        ssl=endpoint.tls,
        protocol=2,
        client_name=CLIENT_NAME,
        socket_timeout=timeout_seconds,
        socket_connect_timeout=timeout_seconds,
        driver_info=None,
        retry=Retry(NoBackoff(), 0),
    )
    try:
        yield client
    except (redis.ConnectionError, redis.TimeoutError) as problem:
        raise SourceUnreachable(f"{endpoint.host}:{endpoint.port} did not answer: {problem}") from problem
    finally:
        client.close()
