"""A connection with redis-rb 3.3's habits: one silent reconnect, five-second timeouts, then the call raises.

Source: redis/redis-rb v3.3.5 lib/redis/client.rb, DEFAULTS and ensure_connected.
"""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import unquote, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from rehearsal.app.journal import Journal

_TIMEOUT_SECONDS = 5.0
_WRITES = frozenset(
    {"SET", "EXPIRE", "INCR", "LPUSH", "SADD", "ZADD", "ZREM", "LREM", "RPOPLPUSH", "HMSET", "DEL", "INCRBY", "RPUSH", "SREM", "EVAL"}
)
FAILURES = (redis.ConnectionError, redis.TimeoutError, redis.BusyLoadingError, redis.ReadOnlyError)


class Unavailable(Exception):
    """The call raised in the application; `maybe_done` says that the server may have done it nevertheless."""


class AppRedis:
    """One thread's connection; every call goes into the journal."""

    def __init__(
        self, host: str, port: int, journal: Journal, *, tls: bool = False, ca: str | None = None, password: str | None = None
    ) -> None:
        """`ca`: a PEM file of authorities, with `tls`."""
        self._journal = journal
        self._client = redis.Redis(
            host=host,
            port=port,
            password=password,
            ssl=tls,
            ssl_ca_certs=ca,
            protocol=2,
            socket_timeout=_TIMEOUT_SECONDS,
            socket_connect_timeout=_TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 1),
            driver_info=None,
            single_connection_client=False,
            max_connections=1,
        )

    @classmethod
    def at(cls, url: str, journal: Journal, ca: str | None = None) -> AppRedis:
        """By a URL, as the application is configured."""
        parts = urlsplit(url)
        password = None if parts.password is None else unquote(parts.password)
        return cls(str(parts.hostname), parts.port or 6379, journal, tls=parts.scheme == "rediss", ca=ca, password=password)

    def call(self, *command: Any) -> Any:
        """Run one command. Raises Unavailable, after the one reconnect, as redis-rb raises."""
        name = str(command[0])
        began = time.monotonic()
        try:
            reply = self._client.execute_command(*command)
        except FAILURES as problem:
            self._journal.failed(name, type(problem).__name__)
            raise Unavailable(str(problem)) from problem
        self._journal.answered(name, time.monotonic() - began, is_write=name in _WRITES)
        return reply
