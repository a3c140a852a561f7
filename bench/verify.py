"""What a verification costs beside the copy of the same keys, and beside the same comparison by redis-py in pipelines.

`.venv/bin/python -m bench.verify [KEYS] [--runs N]`. Source 3.2.6, two targets 5.0.6, and one 5.0.6 that takes all; compare the ratios.
A copy is whole: with the look at every name, to empty targets. Every difference that a verification finds is a false one.
`bench.before_after REVISION` compares with another revision.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import redis

from bench.baselines import pipelined_verify
from bench.common import Measured, arguments, endpoint, fill_mixed, interleaved, machine, measure, note, servers, show
from bench.copy import KEYMAP, urls
from rehearsal.cloud.elasticache.redis_server import RedisServer
from uplift.keyspace.copy.prepare import CopyRequest, prepared_copy
from uplift.keyspace.keymap.model import KeyMap, one_target_takes_all
from uplift.keyspace.verify.run import VerifyRequest, verify

ALONE = one_target_takes_all("target")


def whole_copy(source: RedisServer, keymap: KeyMap, targets: list[RedisServer]) -> None:
    """A copy with everything before it."""
    with tempfile.TemporaryDirectory() as folder:
        request = CopyRequest(endpoint(source), urls(keymap, [endpoint(target) for target in targets]), keymap)
        with prepared_copy(request, Path(folder) / "state", lambda _event: None) as prepared:
            prepared.run(lambda _event: None)


def differences(source: RedisServer, keymap: KeyMap, targets: list[RedisServer]) -> int:
    """How many keys a verification calls different, or changing."""
    request = VerifyRequest(endpoint(source), urls(keymap, [endpoint(target) for target in targets]), keymap)
    return sum(verify(request, lambda _event: None, lambda _found: None).result.counts.values())


def cpu(measured: Measured) -> float:
    """CPU seconds of everybody."""
    return measured.client + sum(measured.servers)


def main() -> None:
    wanted = arguments(str(__doc__))
    print(machine())
    with servers("3.2.6", "5.0.6", "5.0.6", "5.0.6") as (source, one, other, alone):
        fill_mixed(source.client, wanted.keys)
        keys, involved = source.client.dbsize(), [source, one, other, alone]
        clients = [redis.Redis(port=server.port, protocol=2) for server in (source, one, other)]
        whole_copy(source, ALONE, [alone])
        false = 0

        def copied() -> Measured:
            one.client.flushall()
            other.client.flushall()
            return measure(lambda: whole_copy(source, KEYMAP, [one, other]), involved)

        def verified(keymap: KeyMap, targets: list[RedisServer]) -> None:
            nonlocal false
            false += differences(source, keymap, targets)

        def theirs() -> None:
            assert pipelined_verify(clients[0], clients[1:], lambda key: 0 if key.startswith(b"cache:") else 1) == 0

        medians = interleaved(
            {
                "uplift copy, two targets": copied,
                "uplift verify, two targets": lambda: measure(lambda: verified(KEYMAP, [one, other]), involved),
                "uplift verify, one target": lambda: measure(lambda: verified(ALONE, [alone]), involved),
                "redis-py, pipelines, both ways": lambda: measure(theirs, involved),
            },
            wanted.runs,
        )
        for name, measured in medians.items():
            show(name, measured, keys, ("client", "source", "one", "other", "alone"))
        copy, mine, single, baseline = medians.values()
        note(
            bench="verify",
            keys=keys,
            wall_ratio=round(baseline.wall / mine.wall, 2),
            wall_of_copy=round(mine.wall / copy.wall, 2),
            cpu_of_copy=round(cpu(mine) / cpu(copy), 2),
            cpu_s_per_million=round(cpu(mine) * 1e6 / keys, 1),
            one_target_keys_a_second=round(keys / single.wall),
            one_target_cpu_s_per_million=round(cpu(single) * 1e6 / keys, 1),
            false_differences=false,
        )


if __name__ == "__main__":
    main()
