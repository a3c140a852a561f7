"""How fast the census counts, against the plain SCAN it cannot do without, on the same Redis 3.2.6 in the same run.

`.venv/bin/python -m bench.census_rate [KEYS]`. The figure to compare between machines is the ratio, not the rate.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path

from rehearsal.app.dataset import fill
from rehearsal.cloud.elasticache.redis_server import RedisServer
from rehearsal.run.installed_tools import SOURCE_VERSION, InstalledTools
from uplift.keyspace.census.census import count_page
from uplift.keyspace.server.connection import connected
from uplift.keyspace.server.endpoint import Endpoint


def main(keys: int) -> None:
    """Fill one server, then time SCAN alone, the census without bytes, and the census with bytes."""
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(SOURCE_VERSION, InstalledTools().redis_servers[SOURCE_VERSION], Path(folder) / "redis")
        try:
            fill(server.client, keys, seed=random.randrange(10**6), now=time.time(), progress=lambda _done: None)
            with connected(Endpoint("127.0.0.1", server.port)) as client:
                began = time.perf_counter()
                for _ in server.client.scan_iter(count=1000):
                    pass
                scan = time.perf_counter() - began
                print(f"SCAN alone            {keys / scan:10,.0f} keys/s   1.0")
                for name, count_bytes in (("census, no bytes", False), ("census, string bytes", True)):
                    began = time.perf_counter()
                    count_page(client, 0, float("inf"), count_bytes=count_bytes)
                    seconds = time.perf_counter() - began
                    print(f"{name:<21} {keys / seconds:10,.0f} keys/s   {seconds / scan:.1f} times SCAN")
        finally:
            server.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
