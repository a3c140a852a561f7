"""A copy under conditions: through a proxy, with TLS, beside 5,000 writes a second, and after a kill.

`.venv/bin/python -m bench.conditions [KEYS]`. The proxies are Python and cost more than a network does, so compare with the row of the
plain one. A longer path: bench/far.py.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import ssl
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import redis
import trustme

from bench.common import arguments, endpoint, fill_mixed, machine, note, servers
from bench.copy import copy_request
from rehearsal.cloud.elasticache.endpoint_proxy import Endpoint as Proxy
from rehearsal.cloud.elasticache.endpoint_proxy import ProxyLoop
from rehearsal.cloud.elasticache.redis_server import RedisServer, free_port
from uplift.keyspace.copy.prepare import CopyRequest, prepared_copy
from uplift.keyspace.copy.state import read_state
from uplift.keyspace.server.endpoint import Endpoint


def _request(source: Endpoint, targets: list[RedisServer]) -> CopyRequest:
    return copy_request(source, [endpoint(target) for target in targets])


def copy_seconds(source: Endpoint, targets: list[RedisServer], folder: Path) -> float:
    with prepared_copy(_request(source, targets), folder / os.urandom(4).hex(), lambda _event: None) as prepared:
        began = time.perf_counter()
        prepared.run(lambda _event: None)
        return time.perf_counter() - began


def _write_steadily(port: int, writes_a_second: int) -> None:
    client = redis.Redis(port=port, protocol=2)
    began, done = time.perf_counter(), 0
    while True:
        pipeline = client.pipeline(transaction=False)
        for _ in range(50):
            pipeline.set(f"cache:written:{done % 10_000}", "v" * 200, ex=1_000)
            done += 1
        pipeline.execute()
        time.sleep(max(0.0, done / writes_a_second - (time.perf_counter() - began)))


def _beside_a_writer(port: int, work: Callable[[], float]) -> float:
    writer = multiprocessing.get_context("spawn").Process(target=_write_steadily, args=(port, 5_000))
    writer.start()
    try:
        time.sleep(1)
        return work()
    finally:
        writer.terminate()
        writer.join()


def reread_share(source: RedisServer, targets: list[RedisServer], folder: Path) -> float:
    """Kill a copy at about half, go on, and count how often strings were read: what is above once each was read again."""
    request, state = _request(endpoint(source), targets), folder / "killed"
    strings = sum(1 for _ in source.client.scan_iter(match="cache:*", count=1_000))
    before = _string_reads(source)
    child = os.fork()
    if child == 0:
        with prepared_copy(request, state, lambda _event: None) as prepared:
            prepared.run(lambda _event: None)
        os._exit(0)
    half = source.client.dbsize() // 2
    while not ((found := read_state(state)) and found.counts.read > half):
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with prepared_copy(request, state, lambda _event: None) as prepared:
        prepared.run(lambda _event: None)
    counters = sum(1 for _ in source.client.scan_iter(match="stat:*", count=1_000))
    return (_string_reads(source) - before) / (strings + counters) - 1


def _string_reads(server: RedisServer) -> int:
    return int(server.client.info("commandstats").get("cmdstat_get", {"calls": 0})["calls"])


def main() -> None:
    wanted = arguments(str(__doc__))
    print(machine())
    with servers("3.2.6", "5.0.6", "5.0.6") as (source, one, other), tempfile.TemporaryDirectory() as name:
        folder, targets = Path(name), [one, other]
        fill_mixed(source.client, wanted.keys)
        keys = source.client.dbsize()
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(folder / "ca.pem"))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
        loop = ProxyLoop()
        plain, encrypted = Proxy(loop, "127.0.0.1", free_port(), source.port), Proxy(loop, "127.0.0.1", free_port(), source.port, context)
        at = endpoint(source)
        tls = replace(at, host="localhost", port=encrypted.port, tls=True, ca_file=folder / "ca.pem")
        seconds = {
            "direct": copy_seconds(at, targets, folder),
            "through a proxy": copy_seconds(replace(at, port=plain.port), targets, folder),
            "through a proxy with TLS": copy_seconds(tls, targets, folder),
            "beside 5,000 writes/s": _beside_a_writer(source.port, lambda: copy_seconds(at, targets, folder)),
        }
        for what, took in seconds.items():
            print(f"{what:<28} {keys / took:>9,.0f} keys/s   {took / seconds['direct']:.2f} times direct")
        reread = reread_share(source, targets, folder)
        print(f"killed at half and resumed: {100 * reread:.2f} % read again")
        note(
            bench="conditions",
            keys=keys,
            **{what: round(took / seconds["direct"], 2) for what, took in seconds.items()},
            reread=round(reread, 4),
        )


if __name__ == "__main__":
    main()
