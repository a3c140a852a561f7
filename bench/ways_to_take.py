"""What it costs a source to give a chunk of 100 jobs, by several ways: a raw loop at the head of the list, and others at its tail.

`.venv/bin/python -m bench.ways_to_take [JOBS]`, 500 bytes a job, 3.2.6 and 5.0.6. Decision 37 was taken by it. Compare the ratios.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bench.common import arguments, cpu_of, machine, note, servers
from rehearsal.cloud.elasticache.redis_server import RedisServer

_IS_OF_BATCH = "string.find({0}, 'bid\"', 1, true) or string.find({0}, 'Sidekiq::Batch', 1, true)"
_BY_RPOPLPUSH = f"""
for taken = 0, 99 do
  local job = redis.call('RPOPLPUSH', KEYS[1], KEYS[2])
  if not job or {_IS_OF_BATCH.format("job")} then return taken end
end
return 100"""
_BY_LINDEX = f"""
local jobs = {{}}
for i = 1, 100 do jobs[i] = redis.call('LINDEX', KEYS[1], -i) or nil end
local all = table.concat(jobs)
if #jobs == 0 or {_IS_OF_BATCH.format("all")} then return {{}} end
redis.call('LPUSH', KEYS[2], unpack(jobs))
redis.call('LTRIM', KEYS[1], 0, -#jobs - 1)
return jobs"""
Way = Callable[[Any], int]
"""Takes up to 100 jobs; how many."""


def _raw(client: Any) -> int:
    together = client.pipeline(transaction=False)
    return len(together.lrange("queue", 0, 99).ltrim("queue", 100, -1).execute()[0])


def _by_rpoplpush(client: Any) -> int:
    together = client.pipeline(transaction=False)
    return int(together.eval(_BY_RPOPLPUSH, 2, "queue", "outbox").lrange("outbox", 0, -1).delete("outbox").execute()[0])


def _by_lindex(client: Any) -> int:
    together = client.pipeline(transaction=False)
    return len(together.eval(_BY_LINDEX, 2, "queue", "outbox").delete("outbox").execute()[0])


def _in_a_transaction(client: Any) -> int:
    together = client.pipeline(transaction=True)
    for _ in range(100):
        together.rpoplpush("queue", "outbox")
    return sum(job is not None for job in together.delete("outbox").execute()[:100])


_WAYS: dict[str, Way] = {
    "raw, at the head": _raw,
    "script: RPOPLPUSH": _by_rpoplpush,
    "script: LINDEX, LTRIM": _by_lindex,
    "MULTI: RPOPLPUSH": _in_a_transaction,
}


def _cpu(server: RedisServer, way: Way, jobs: int) -> float:
    """µs of the server a job."""
    client: Any = server.client
    client.flushall()
    for first in range(0, jobs, 1_000):
        client.lpush("queue", *[b'{"jid":"%024x","args":["%b"]}' % (first + at, b"x" * 450) for at in range(1_000)])
    before, taken = cpu_of(server), 0
    while (more := way(client)) > 0:
        taken += more
    return (cpu_of(server) - before) * 1e6 / taken


def main() -> None:
    given = arguments(__doc__ or "", keys=200_000)
    print(machine())
    with servers("3.2.6", "5.0.6") as pair:
        for server in pair:
            costs = {name: _cpu(server, way, given.keys) for name, way in _WAYS.items()}
            raw = next(iter(costs.values()))
            for name, cost in costs.items():
                print(f"{server.version}  {name:<22} {cost:4.2f} µs of its CPU a job, {cost / raw:3.1f} times raw")
            note(version=server.version, **{name: round(cost / raw, 1) for name, cost in costs.items()})


if __name__ == "__main__":
    main()
