"""Batches of Sidekiq Pro: jobs that belong together, and a callback when the last of them has succeeded.

Pro is closed: the keys are as its users and issues tell (sidekiq#3083, #4344, #4914). `b-BID` is a hash, `b-BID-jids` has the jobs that are
still to succeed, `b-BID-success` the callbacks, `batches` the batches that are open. Not modelled: `complete`, nested batches, `death`.
"""

from __future__ import annotations

import json
import random
import time
from dataclasses import dataclass

from rehearsal.app import shapes
from rehearsal.app.client import AppRedis
from rehearsal.app.journal import Journal

_KEPT_SECONDS = 30 * 24 * 60 * 60
# One that succeeds twice counts once, and who brings the number down to 0 takes the callbacks away: they are pushed once.
_SUCCEEDED = """
if redis.call('SREM', KEYS[1] .. '-jids', ARGV[1]) == 0 then return 0 end
if redis.call('HINCRBY', KEYS[1], 'pending', -1) > 0 then return 0 end
local pushed = 0
while true do
  local callback = redis.call('LPOP', KEYS[1] .. '-success')
  if not callback then break end
  redis.call('SADD', 'queues', ARGV[2])
  redis.call('LPUSH', 'queue:' .. ARGV[2], callback)
  pushed = pushed + 1
end
redis.call('ZREM', 'batches', ARGV[3])
return pushed
"""


@dataclass(frozen=True, slots=True)
class Batch:
    """`callback` is the jid of the job that is pushed when all of `jids` have succeeded."""

    bid: str
    jids: tuple[str, ...]
    callback: str


class Batches:
    """Of one thread."""

    def __init__(self, redis: AppRedis, journal: Journal, seed: int) -> None:
        self._redis, self._journal, self._rng = redis, journal, random.Random(seed)

    def open(self, jobs: int, queue: str = shapes.QUEUES[0]) -> Batch:
        """The batch is there before any of its jobs, so that none succeeds without it. Raises Unavailable."""
        bid, callback = shapes.session_token(self._rng)[:14], f"{self._rng.getrandbits(96):024x}"
        some = [shapes.job(self._rng, queue) for _ in range(jobs)]
        batch = Batch(bid, tuple(jid for jid, _ in some), callback)
        told = {"class": "Sidekiq::Batch::Callback", "args": ["success", bid], "queue": queue, "jid": callback, "retry": True}
        self._redis.call("HMSET", f"b-{bid}", "total", jobs, "pending", jobs, "failures", 0, "created_at", time.time())
        self._redis.call("SADD", f"b-{bid}-jids", *batch.jids)
        self._redis.call("RPUSH", f"b-{bid}-success", json.dumps(told, separators=(",", ":")))
        for name in ("", "-jids", "-success"):
            self._redis.call("EXPIRE", f"b-{bid}{name}", _KEPT_SECONDS)
        self._redis.call("ZADD", "batches", time.time(), bid)
        self._redis.call("SADD", "queues", queue)
        with self._journal.lock:
            self._journal.enqueued.update(dict.fromkeys(batch.jids, queue))
        for _, payload in some:
            self._redis.call("LPUSH", f"queue:{queue}", json.dumps({**json.loads(payload), "bid": bid}, separators=(",", ":")))
        return batch


def succeeded(redis: AppRedis, bid: str, jid: str, queue: str) -> int:
    """A job of a batch is done; how many callbacks that pushed. Raises Unavailable."""
    return int(redis.call("EVAL", _SUCCEEDED, 1, f"b-{bid}", jid, queue, bid))
