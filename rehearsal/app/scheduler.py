"""sidekiq-scheduler in one process: every 0.3 s it looks which jobs are due, and fires an instance only where its mark is new.

Source: sidekiq-scheduler 3.0.1 lib/sidekiq-scheduler/{scheduler,redis_manager,utils,schedule}.rb. Not modelled: cron expressions (each job
has a period in whole seconds, counted from 1970), `dynamic`, rufus-scheduler's threads.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from threading import Event

from rehearsal.app import shapes
from rehearsal.app.client import AppRedis, Unavailable
from rehearsal.app.journal import Journal
from rehearsal.app.producer import enqueue

_LOOP_SECONDS = 0.3
_REMEMBERED_SECONDS = 24 * 60 * 60
_KEY = "sidekiq-scheduler"
SCHEDULE = {"ExternalServicesStatusJob": 1, "DeleteOldTransactionsJob": 7, "CreateDailySpoolFiles": 60}
"""Names as vets-api has them, with periods in seconds that a rehearsal has time for."""


class Scheduler:
    """`schedule` are jobs by name, with their periods in seconds."""

    def __init__(self, redis: AppRedis, journal: Journal, seed: int, schedule: Mapping[str, int] | None = None) -> None:
        self._redis, self._journal, self._rng = redis, journal, random.Random(seed)
        self._schedule = dict(SCHEDULE if schedule is None else schedule)
        self._seen = 0

    def run(self, stop: Event) -> None:
        """Load the schedule, then look until told to stop; what is due while Redis cannot be reached is lost, as with the gem."""
        is_loaded = False
        while not stop.is_set():
            try:
                if not is_loaded:
                    self.load(time.time())
                    is_loaded = True
                self.look(time.time())
            except Unavailable:
                pass
            stop.wait(_LOOP_SECONDS)

    def load(self, now: float) -> None:
        """Write the schedule down, and forget names that are in it no more (schedule.rb, schedule=)."""
        self._seen = int(now)
        for name, period in self._schedule.items():
            self._redis.call("HSET", "schedules", name, json.dumps({"class": name, "every": [f"{period}s"]}))
            self._redis.call("HSET", f"{_KEY}:next_times", name, _ruby_time(int(now) // period * period + period))
        for name in self._redis.call("HKEYS", "schedules"):
            if name.decode("utf-8", "replace") not in self._schedule:
                self._redis.call("HDEL", "schedules", name)

    def look(self, now: float) -> None:
        """Fire what became due since the last look, as of the second in which it is noticed (scheduler.rb, new_job)."""
        before, self._seen = self._seen, int(now)
        for name, period in self._schedule.items():
            if int(now) // period > before // period:
                if self._is_enabled(name):
                    self._fire_once(name, int(now))
                self._redis.call("HSET", f"{_KEY}:last_times", name, _ruby_time(int(now)))
                self._redis.call("HSET", f"{_KEY}:next_times", name, _ruby_time(int(now) // period * period + period))

    def _is_enabled(self, name: str) -> bool:
        state = self._redis.call("HGET", f"{_KEY}:states", name)
        return state is None or bool(json.loads(state).get("enabled", True))

    def _fire_once(self, name: str, second: int) -> None:
        marks = f"{_KEY}:pushed:{name}"
        is_new = self._redis.call("ZADD", marks, second, second)
        self._redis.call("EXPIRE", marks, _REMEMBERED_SECONDS)
        if not is_new:
            return
        enqueue(self._redis, self._journal, shapes.QUEUES[0], self._rng)
        with self._journal.lock:
            self._journal.fired.append((name, second))
        self._redis.call("ZREMRANGEBYSCORE", marks, 0, second - _REMEMBERED_SECONDS)


def _ruby_time(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
