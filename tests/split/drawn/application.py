"""The application of a drawn split: processes that read the pointer when they start, and say afterwards what they were acknowledged."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis

_PAUSE_SECONDS = 0.004
_KEYS = 15
_CARRIED_SECONDS = 5.0
Ports = dict[str, int]


def client_of(port: int, name: str) -> Any:
    return redis.Redis("127.0.0.1", port, protocol=2, socket_timeout=10, driver_info=None, client_name=name)


@dataclass
class Journal:
    """`strict`: by key its last acknowledged value, None: deleted. `ran`: how often each job ran, by number."""

    strict: dict[str, str | None] = field(default_factory=dict)
    pushed: set[int] = field(default_factory=set)
    ran: Counter[int] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass
class Process:
    """One of the application; `restart` lets it read the pointer again. A web process owns its keys; a worker runs jobs of its side."""

    number: int
    is_worker: bool
    ports: Ports
    state: Path
    journal: Journal
    seed: int
    side: str = "old"
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    @property
    def _places(self) -> tuple[int, int]:
        return (self.ports["legacy"],) * 2 if self.side == "old" else (self.ports["app-cache"], self.ports["sidekiq"])

    def start(self) -> None:
        self._stop.clear()
        self._thread = threading.Thread(target=self._work if self.is_worker else self._serve, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def restart(self) -> None:
        """As a deploy does: what it wrote last is on the other side before it goes there, or a limit is over."""
        self.stop()
        side = str(json.loads((self.state / "pointer.json").read_text())["side"])
        if side != self.side and not self.is_worker:
            self._wait_until_carried(side)
        self.side = side
        self.start()

    def _wait_until_carried(self, side: str) -> None:
        there = client_of(self.ports["legacy" if side == "old" else "app-cache"], "test")
        deadline = time.monotonic() + _CARRIED_SECONDS
        mine = {key: value for key, value in self.journal.strict.items() if key.startswith(f"users_b:{self.number}-")}
        while time.monotonic() < deadline:
            found = dict(zip(mine, there.mget(list(mine)) if mine else [], strict=True))
            if all((None if one is None else one.decode()) == mine[key] for key, one in found.items()):
                return
            time.sleep(0.02)

    def _serve(self) -> None:
        rng = random.Random(f"{self.seed} {self.number} {self.side} {time.time()}")
        cache, jobs = (client_of(port, f"web-{self.number}") for port in self._places)
        turn = 0
        while not self._stop.wait(_PAUSE_SECONDS):
            turn += 1
            key, value = f"users_b:{self.number}-{rng.randrange(_KEYS)}", f"{self.side} {turn} {rng.random()}"
            try:
                match rng.randrange(10):
                    case 0:
                        cache.delete(key)
                        self.journal.strict[key] = None
                    case 1 | 2:
                        self._push(jobs, rng)
                    case 3 | 4:
                        cache.set(key, value)
                        self.journal.strict[key] = value
                    case _:
                        cache.set(key, value, ex=3600)
                        self.journal.strict[key] = value
            except redis.RedisError:
                # Nothing was acknowledged: either value is lawful, so that the key is not judged.
                self.journal.strict.pop(key, None)
        cache.close()
        jobs.close()

    def _push(self, jobs: Any, rng: random.Random) -> None:
        number = rng.getrandbits(60)
        payload = json.dumps({"class": "A", "args": [number], "jid": f"{number:024x}", "queue": "default"})
        jobs.sadd("queues", "default")
        jobs.lpush("queue:default", payload)
        with self.journal.lock:
            self.journal.pushed.add(number)

    def _work(self) -> None:
        rng = random.Random(f"{self.seed} {self.number} {time.time()}")
        jobs = client_of(self._places[1], f"worker-{self.number}")
        identity, beat_at = f"host-{self.number}:{self.number}:{rng.getrandbits(48):012x}", 0.0
        info = json.dumps({"hostname": "host", "pid": self.number, "queues": ["default"], "concurrency": 1})
        while not self._stop.is_set():
            if time.monotonic() - beat_at > 1:
                beat_at = time.monotonic()
                jobs.sadd("processes", identity)
                jobs.hmset(identity, {"info": info, "busy": 0, "beat": time.time(), "quiet": "false"})
                jobs.expire(identity, 60)
                self._poll(jobs)
            fetched = jobs.brpop(["queue:default"], timeout=1)
            if fetched is not None:
                self._run(jobs, fetched[1], rng)
        jobs.srem("processes", identity)
        jobs.delete(identity)
        jobs.close()

    def _run(self, jobs: Any, payload: bytes, rng: random.Random) -> None:
        said = json.loads(payload)
        if rng.random() < 0.1:
            jobs.zadd("retry", {json.dumps({**said, "retry_count": said.get("retry_count", 0) + 1}): time.time() + rng.random() * 3})
            return
        with self.journal.lock:
            self.journal.ran[int(said["args"][0])] += 1

    def _poll(self, jobs: Any) -> None:
        for payload in jobs.zrangebyscore("retry", "-inf", time.time(), start=0, num=20):
            if jobs.zrem("retry", payload):
                jobs.lpush("queue:default", payload)
