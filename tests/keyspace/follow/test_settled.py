"""The fence: once it has passed a moment, whatever anybody wrote before that moment is on the other side."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.keyspace.follow.driven import Servers, begun, drive, follow_request, in_sync
from tests.keyspace.follow.pair import Driven, Pair
from uplift.keyspace.follow.key_state import Side
from uplift.keyspace.follow.live_settings import SettingName

_WRITES = 6_000


@dataclass
class Writer:
    """Writes keys of its own, each once, in bursts that are more than a round can read. `written` by key when the server had acknowledged."""

    server: RedisServer
    name: str
    written: list[tuple[float, bytes]] = field(default_factory=list)

    def run(self) -> None:
        with self.server.connect(0) as client:
            number = 0
            for burst in (1, 7, 1_500, 3, 2_500, 1, 1_000, 20) * 10:
                keys = [f"{self.name}:{number + one}".encode() for one in range(burst)]
                number += burst
                with client.pipeline(transaction=False) as pipeline:
                    for key in keys:
                        pipeline.set(key, b"value of " + key)
                    pipeline.execute()
                at = time.monotonic()
                self.written += [(at, key) for key in keys]
                if number > _WRITES:
                    return


def settled(driven: Driven) -> float:
    return driven.engine.settled.before or 0.0


def test_what_was_written_before_it_is_on_the_other_side(pair: Pair, engine: Driven) -> None:
    writers = {side: Writer(pair.side(side), f"from the {side.name.lower()}") for side in Side}
    threads = [threading.Thread(target=writer.run) for writer in writers.values()]
    for thread in threads:
        thread.start()
    checked, looks = dict.fromkeys(Side, 0), 0
    while any(checked[side] < len(writer.written) for side, writer in writers.items()) or any(map(threading.Thread.is_alive, threads)):
        engine.step(0.0)
        before = settled(engine)
        for side, writer in writers.items():
            passed = []
            while checked[side] < len(writer.written) and writer.written[checked[side]][0] < before:
                passed.append(writer.written[checked[side]][1])
                checked[side] += 1
            if passed:
                looks += 1
                found = pair.side(side.other).client.mget(passed)
                assert found == [b"value of " + key for key in passed]
    for thread in threads:
        thread.join()
    assert all(checked[side] > _WRITES for side in Side)
    assert looks > 1


def test_a_life_that_goes_the_other_way_is_waited_for(pair: Pair, engine: Driven) -> None:
    pair.source.client.set("session:1", "old", ex=100)
    engine.settle()
    pair.source.client.set("session:1", "new", ex=100)
    pair.target.client.expire("session:1", 1_000)
    at = time.monotonic()
    engine.until(lambda: settled(engine) > at)
    assert pair.target.client.get("session:1") == b"new"
    assert min(side.client.ttl("session:1") for side in (pair.source, pair.target)) > 500


def test_a_key_that_is_refused_holds_it_up(pair: Pair, engine: Driven) -> None:
    pair.target.set_config("maxmemory", "1")
    pair.source.client.set("session:1", "new")
    at = time.monotonic()
    engine.until(lambda: len(engine.problems) > 3)
    assert settled(engine) < at
    pair.target.set_config("maxmemory", "0")
    engine.until(lambda: settled(engine) > at)
    assert pair.target.client.get("session:1") == b"new"


@pytest.mark.parametrize("side", list(Side))
def test_after_a_gap_only_a_pass_tells(pair: Pair, engine: Driven, side: Side) -> None:
    pair.source.client.set("session:1", "first")
    engine.settle()
    assert settled(engine)
    server = pair.side(side)
    server.client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
    pair.source.client.set("session:1", "nobody was told")
    at, passes = time.monotonic(), engine.engine.passes.count
    engine.until(lambda: engine.engine.settled.before is None)
    engine.until(lambda: settled(engine) > at)
    assert engine.engine.passes.count > passes
    assert pair.target.client.get("session:1") == b"nobody was told"


def test_of_a_run_every_database_counts_and_only_while_it_leads(servers: Servers, tmp_path: Path) -> None:
    source, target = servers
    with source.connect(3) as third, target.connect(3) as there:
        third.set("session:third", "3")
        with begun(follow_request(*servers), tmp_path / "state") as run:
            assert (run.is_leading, run.has_gap, run.settled_before, run.lease_epoch(0)) == (False, True, None, None)
            drive(run, until=in_sync(run))
            third.set("session:third", "changed")
            source.client.set("session:1", "changed")
            at = time.monotonic()
            drive(run, until=lambda: (run.settled_before or 0.0) > at)
            assert (there.get("session:third"), target.client.get("session:1")) == (b"changed", b"changed")
            assert run.following is not None
            assert run.settled_before == min(database.settled_before or 0.0 for database in run.following.databases)
            assert (run.is_leading, run.has_gap) == (True, False)
            for number, server in ((0, target.client), (3, there)):
                held: Any = server.get("uplift:follow:lease")
                assert run.lease_epoch(number) == int(held.partition(b":")[0])
            assert run.lease_epoch(1) is None
            run.record.set(SettingName.PAUSED, 1, None)
            assert run.settled_before is None
            run.record.set(SettingName.PAUSED, 0, None)
            run.following.databases[1].servers[1].open_gap()
            assert run.settled_before is None
            assert run.has_gap
