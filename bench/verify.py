"""How fast a verification is, beside the same comparison by redis-py in pipelines.

`.venv/bin/python -m bench.verify [KEYS] [--runs N]`. Source 3.2.6, two targets 5.0.6; compare the ratios.
"""

from __future__ import annotations

import redis

from bench.baselines import pipelined_verify
from bench.common import arguments, endpoint, fill_mixed, interleaved, machine, measure, note, servers, show
from bench.copy import KEYMAP, copy
from uplift.keyspace.server.source_and_targets import TargetUrl
from uplift.keyspace.verify.run import VerifyRequest, verify


def main() -> None:
    wanted = arguments(str(__doc__))
    print(machine())
    with servers("3.2.6", "5.0.6", "5.0.6") as (source, one, other):
        fill_mixed(source.client, wanted.keys)
        keys, involved = source.client.dbsize(), [source, one, other]
        copy(source, [one, other], involved)
        request = VerifyRequest(
            endpoint(source), (TargetUrl("app-cache", endpoint(one), None), TargetUrl("sidekiq", endpoint(other), None)), KEYMAP
        )
        clients = [redis.Redis(port=server.port, protocol=2) for server in involved]

        def ours() -> None:
            assert verify(request, lambda _event: None, lambda _found: None).result.counts == {}

        def theirs() -> None:
            assert pipelined_verify(clients[0], clients[1:], lambda key: 0 if key.startswith(b"cache:") else 1) == 0

        medians = interleaved(
            {
                "uplift verify, both ways": lambda: measure(ours, involved),
                "redis-py, pipelines, both ways": lambda: measure(theirs, involved),
            },
            wanted.runs,
        )
        for name, measured in medians.items():
            show(name, measured, keys, ("client", "source", "one", "other"))
        mine, baseline = medians.values()
        note(bench="verify", keys=keys, wall_ratio=round(baseline.wall / mine.wall, 2))


if __name__ == "__main__":
    main()
