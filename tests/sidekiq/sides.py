"""A Redis as Sidekiq processes and producers leave it, for tests."""

from __future__ import annotations

import json
import time
from typing import Any

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.keyspace.everything import endpoint
from uplift.keyspace.server.connection import Connection

LIVE, KILLED = "ip-10-1-2-3.vfs:1234:0123456789ab", "ip-10-1-2-4.vfs:77:ba9876543210"
SECRET = "123-45-6789"


def connection_to(server: RedisServer) -> Connection:
    return Connection(endpoint(server))


def heartbeat(server: RedisServer, identity: str = LIVE, *queues: str, quiet: bool = False, **info: Any) -> None:
    """As lib/sidekiq/launcher.rb of 4.2.10 to 6.4 does every 5 to 10 seconds; from 7.0 on `info` has version, weights and embedded."""
    client: Any = server.client
    said = {"hostname": identity.split(":")[0], "pid": 1, "concurrency": 16, "queues": list(queues or ("default",)), **info}
    client.sadd("processes", identity)
    for name, value in (("info", json.dumps(said)), ("busy", "2"), ("beat", f"{time.time():.3f}"), ("quiet", str(quiet).lower())):
        client.hset(identity, name, value)
    client.expire(identity, 60)


def secret_job(number: int, name: str = "EVSS::Job", queue: str = "default", **more: Any) -> str:
    """A payload whose arguments nobody may see."""
    jid = f"{number:024x}"
    return json.dumps({"class": name, "args": [SECRET], "jid": jid, "queue": queue, "created_at": time.time(), **more})


def push_secret(server: RedisServer, number: int, name: str = "EVSS::Job", queue: str = "default", **more: Any) -> None:
    """A job whose arguments nobody may see, enqueued now."""
    push(server, queue, secret_job(number, name, queue, **{"enqueued_at": time.time(), **more}))


def push(server: RedisServer, queue: str, *jobs: str | bytes) -> None:
    """As Sidekiq::Client does, the oldest first."""
    client: Any = server.client
    client.sadd("queues", queue)
    client.lpush(f"queue:{queue}", *jobs)
