"""How often a server ran a command, whoever sent it and also from scripts: by its own statistics."""

from __future__ import annotations

from typing import Any

from rehearsal.cloud.elasticache.redis_server import RedisServer


def calls(server: RedisServer, command: str) -> int:
    """Calls of one command, such as "evalsha", since the server was started."""
    statistics: Any = server.client.info("commandstats")
    return int(statistics.get(f"cmdstat_{command}", {"calls": 0})["calls"])
