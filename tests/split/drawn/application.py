"""The application of a drawn split: processes that read the pointer when they start, and note what they were acknowledged."""

from __future__ import annotations

import json
import random
import threading
import time
import traceback
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.split.drawn.journal import Journal, State

_PAUSE_SECONDS = 0.008
_KEYS = 12
_SHARED = 6
_CARRIED_SECONDS = 6.0
_LIFE_SECONDS = 3600
Ports = dict[str, int]


def client_of(port: int, name: str) -> Any:
    """Never with a second try of its own: a push that was made twice would be this client's doing."""
    retry = Retry(NoBackoff(), 0)
    return redis.Redis(
        "127.0.0.1", port, protocol=2, socket_timeout=20, driver_info=None, client_name=name, decode_responses=True, retry=retry
    )


def state_of(client: Any, key: str) -> State | None:
    """As a server has it now."""
    kind, left = client.type(key), client.pttl(key)
    if kind == "none" or left == -2:
        return None
    value = client.hgetall(key) if kind == "hash" else client.get(key)
    return State(value, time.time() + left / 1000 if left >= 0 else None)


@dataclass
class Process(ABC):
    """One of the application; `restart` lets it read the pointer again. `crashed`: what ended it but `stop`."""

    number: int
    ports: Ports
    state: Path
    journal: Journal
    seed: int
    side: str = "old"
    starts: int = 0
    crashed: str | None = None
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    @property
    def name(self) -> str:
        return f"{type(self).__name__.lower()}-{self.number}"

    @property
    def places(self) -> tuple[int, int]:
        return (self.ports["legacy"],) * 2 if self.side == "old" else (self.ports["app-cache"], self.ports["sidekiq"])

    def start(self) -> None:
        self._stop.clear()
        self.starts += 1
        self._thread = threading.Thread(target=self._guarded, daemon=True, name=self.name)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def restart(self) -> bool:
        """As a deploy does; whether what it wrote last was on the side it goes to within a limit."""
        self.stop()
        side = str(json.loads((self.state / "pointer.json").read_text())["side"])
        is_carried = side == self.side or self.wait_until_carried(side)
        self.side = side
        self.start()
        return is_carried

    def wait_until_carried(self, _side: str) -> bool:
        return True

    @abstractmethod
    def work(self, rng: random.Random) -> None:
        """Until it is told to stop."""

    def _guarded(self) -> None:
        try:
            self.work(random.Random(f"{self.seed} {self.name} {self.starts}"))
        except Exception:  # noqa: BLE001 - the verdict tells it
            self.crashed = traceback.format_exc()


@dataclass
class Web(Process):
    """Owns keys that nobody else writes, shares others, and pushes jobs."""

    def wait_until_carried(self, side: str) -> bool:
        with client_of(self.ports["legacy" if side == "old" else "app-cache"], "test") as there:
            deadline = time.monotonic() + _CARRIED_SECONDS
            mine = self.journal.last_of(self.number, f"users_b:{self.number}-")
            while time.monotonic() < deadline:
                mine = {key: state for key, state in mine.items() if not _is_so(there, key, state)}
                if not mine:
                    return True
                time.sleep(0.05)
        return False

    def work(self, rng: random.Random) -> None:
        cache, jobs = (client_of(port, self.name) for port in self.places)
        # What it reads, changes and writes back is not kept within the lag: it makes these anew where it starts.
        for key in (self._key("hash", index) for index in range(2)):
            self._hash(cache, key, rng, is_new=True)
        while not self._stop.wait(_PAUSE_SECONDS):
            self._turn(cache, jobs, rng)
        cache.close()
        jobs.close()

    def _key(self, kind: str, index: int) -> str:
        return f"users_b:{self.number}-{kind}-{index}"

    def _turn(self, cache: Any, jobs: Any, rng: random.Random) -> None:
        value, key = f"{self.side} {self.starts} {rng.random()}", self._key("text", rng.randrange(_KEYS))
        match rng.randrange(12):
            case 0:
                with self._noting(key, None):
                    cache.delete(key)
            case 1 | 2:
                self._push(jobs, rng)
            case 3:
                with self._noting(key, State(value)):
                    cache.set(key, value)
            case 4 | 5:
                self._count(cache, self._key("count", rng.randrange(3)))
            case 6:
                self._hash(cache, self._key("hash", rng.randrange(2)), rng)
            case 7 | 8:
                shared = f"user_identities:shared-{rng.randrange(_SHARED)}"
                with self._noting(shared, State(value, time.time() + _LIFE_SECONDS)):
                    cache.set(shared, value, ex=_LIFE_SECONDS)
            case _:
                with self._noting(key, State(value, time.time() + _LIFE_SECONDS)):
                    cache.set(key, value, ex=_LIFE_SECONDS)

    @contextmanager
    def _noting(self, key: str, state: State | None) -> Iterator[None]:
        """A server that refuses it wrote nothing; after any other error nobody knows."""
        try:
            yield
        except redis.ResponseError:
            return
        except redis.RedisError:
            self.journal.note(key, self.number, self.side, state, is_acknowledged=False)
            return
        self.journal.note(key, self.number, self.side, state)

    def _count(self, cache: Any, key: str) -> None:
        """The life is given with each turn: INCR and EXPIRE in one transaction."""
        with suppress(redis.RedisError), cache.pipeline() as pipeline:
            pipeline.incr(key)
            pipeline.expire(key, _LIFE_SECONDS)
            counted, _ = pipeline.execute()
            self.journal.note(key, self.number, self.side, State(str(counted), time.time() + _LIFE_SECONDS))

    def _hash(self, cache: Any, key: str, rng: random.Random, *, is_new: bool = False) -> None:
        with suppress(redis.RedisError), cache.pipeline() as pipeline:
            if is_new or rng.random() < 0.2:
                pipeline.delete(key)
            pipeline.hset(key, f"field-{rng.randrange(4)}", f"{self.side} {rng.random()}")
            pipeline.hgetall(key)
            value = pipeline.execute()[-1]
            self.journal.note(key, self.number, self.side, State(value))

    def _push(self, jobs: Any, rng: random.Random) -> None:
        number = rng.getrandbits(60)
        payload = json.dumps({"class": "A", "args": [number], "jid": f"{number:024x}", "queue": "default"})
        with suppress(redis.ResponseError):
            jobs.sadd("queues", "default")
            jobs.lpush("queue:default", payload)
            self.journal.note_pushed(number)


def _is_so(client: Any, key: str, state: State | None) -> bool:
    found = state_of(client, key)
    return found is None if state is None or found is None else found.is_like(state)


@dataclass
class Worker(Process):
    """Beats, takes jobs of its side, and polls `retry`. It is never killed: what it took it runs, or puts into `retry`."""

    def work(self, rng: random.Random) -> None:
        jobs = client_of(self.places[1], self.name)
        identity, beat_at = f"host-{self.number}:{self.number}:{rng.getrandbits(48):012x}", 0.0
        while not self._stop.is_set():
            if time.monotonic() - beat_at > 1:
                beat_at = time.monotonic()
                self._beat(jobs, identity)
                self._poll(jobs)
            fetched = jobs.brpop(["queue:default"], timeout=1)
            if fetched is not None:
                self._run(jobs, fetched[1], rng)
        jobs.srem("processes", identity)
        jobs.delete(identity)
        jobs.close()

    def _beat(self, jobs: Any, identity: str) -> None:
        info = json.dumps({"hostname": "host", "pid": self.number, "queues": ["default"], "concurrency": 1})
        with suppress(redis.ResponseError), jobs.pipeline() as pipeline:
            pipeline.sadd("processes", identity)
            pipeline.hmset(identity, {"info": info, "busy": 0, "beat": time.time(), "quiet": "false"})
            pipeline.expire(identity, 60)
            pipeline.execute()

    def _run(self, jobs: Any, payload: str, rng: random.Random) -> None:
        said = json.loads(payload)
        if rng.random() < 0.1:
            again = json.dumps({**said, "retry_count": said.get("retry_count", 0) + 1})
            self._surely(lambda: jobs.zadd("retry", {again: time.time() + rng.random() * 4}))
            return
        self.journal.note_run(int(said["args"][0]), f"{self.name} on {self.side}")

    def _poll(self, jobs: Any) -> None:
        for payload in jobs.zrangebyscore("retry", "-inf", time.time(), start=0, num=20):
            if jobs.zrem("retry", payload):
                self._surely(lambda payload=payload: jobs.lpush("queue:default", payload))

    @staticmethod
    def _surely(write: Any) -> None:
        """A server that is full refuses for a while: a job in hand is not lost by its worker."""
        while True:
            try:
                write()
            except redis.ResponseError:
                time.sleep(0.1)
            else:
                return
