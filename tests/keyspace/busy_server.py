"""A server that answers BUSY for a while, since it runs somebody's script."""

from __future__ import annotations

import threading

import redis

from rehearsal.cloud.elasticache.redis_server import RedisServer


def busy(server: RedisServer, milliseconds: int) -> threading.Thread:
    """Let somebody's script hold a server; returns once the server says so."""
    server.set_config("lua-time-limit", "1")
    script = (
        "local t = redis.call('TIME') repeat local n = redis.call('TIME') "
        f"until (n[1] - t[1]) * 1000 + (n[2] - t[2]) / 1000 > {milliseconds}"
    )
    hog = redis.Redis(port=server.port, protocol=2)
    while True:
        thread = threading.Thread(target=lambda: hog.eval(script, 0))
        thread.start()
        # Where this machine stood still for as long as the script ran, once more.
        while thread.is_alive():
            try:
                server.client.ping()
            except redis.exceptions.ResponseError:
                return thread
