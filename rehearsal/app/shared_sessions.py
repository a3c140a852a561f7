"""Sessions that a load balancer spreads over all processes: each of them reads and writes the same keys, on whichever side it is."""

from __future__ import annotations

import random
import time
from threading import Event

from rehearsal.app import shapes
from rehearsal.app.client import AppRedis, Unavailable
from rehearsal.app.journal import Journal

SESSIONS = 40
_PAUSE_SECONDS = 0.02


class SharedSessions:
    """One thread of one process, whose `name` is in each value it writes."""

    def __init__(self, redis: AppRedis, journal: Journal, seed: int, name: str) -> None:
        self._redis, self._journal, self._name = redis, journal, name
        self._rng = random.Random(seed)
        self._turn = 0

    def run(self, stop: Event) -> None:
        """Requests of people who are logged in, until told to stop."""
        while not stop.wait(_PAUSE_SECONDS):
            key = f"vets-api-session:shared{self._rng.randrange(SESSIONS):03}"
            try:
                if self._rng.random() < 0.5:
                    self._redis.call("GET", key)
                else:
                    self._write(key)
            except Unavailable:
                continue

    def _write(self, key: str) -> None:
        self._turn += 1
        value = f"{self._name} {self._turn}"
        began = time.time()
        self._redis.call("SET", key, value, "EX", shapes.SESSION_TTL)
        with self._journal.lock:
            self._journal.shared.append((key, value, began, time.time()))
