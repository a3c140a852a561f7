"""Looks at everything from outside while it goes on: what the engine tells, how stale a side is, how long legacy takes, where jobs are."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis

from rehearsal.app.shapes import QUEUES
from rehearsal.split.servers import Group, SplitServers

_SAMPLE_SECONDS = 0.25
_GET_SECONDS = 0.02
_STALE_LOOK_SECONDS = 0.001
_STALE_LIMIT_SECONDS = 3.0
_PROBE_TTL = 600
PROBES = {"forward": "users_b:probe-forward", "back": "users_b:probe-back"}


@dataclass(slots=True)
class Sample:
    """At one moment (seconds since 1970). Staleness in ms by direction, None where nothing arrived in time; jobs by side."""

    at: float
    phase: str
    lag_ms: float | None
    stale_ms: dict[str, float | None]
    jobs: dict[str, int]
    moved: int
    engines_used: int


@dataclass(slots=True)
class Sampling:
    """Runs from `start` until `stop`. `gets`: when a GET on legacy was sent and how long it took, in ms."""

    servers: SplitServers
    state: Path
    sides_in_use: Callable[[], set[str]]
    samples: list[Sample] = field(default_factory=list)
    gets: list[tuple[float, float]] = field(default_factory=list)
    follows_both: bool = False
    _clients: dict[str, redis.Redis] = field(default_factory=dict)
    _is_ending: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Begin."""
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._sample, self._time_gets)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End."""
        self._is_ending.set()
        for thread in self._threads:
            thread.join()

    def _time_gets(self) -> None:
        client = self.servers.legacy.client()
        while not self._is_ending.wait(_GET_SECONDS):
            began = time.perf_counter()
            try:
                client.get(PROBES["forward"])
            except redis.RedisError:
                client = self.servers.legacy.client()
                continue
            self.gets.append((time.time(), (time.perf_counter() - began) * 1000))

    def _sample(self) -> None:
        while not self._is_ending.wait(_SAMPLE_SECONDS):
            try:
                self.samples.append(self._one())
            except redis.RedisError:
                # Its primary may be another one now.
                self._clients.clear()

    def _client(self, name: str) -> redis.Redis:
        if name not in self._clients:
            group: Group = getattr(self.servers, name)
            self._clients[name] = group.client()
        return self._clients[name]

    def _one(self) -> Sample:
        status = self._status()
        follow: dict[str, Any] = status.get("follow") or {}
        handover: dict[str, Any] = status.get("handover") or {}
        self.follows_both = bool(follow.get("is_two_way"))
        stale = self._staleness() if self.follows_both and status.get("stage") in {"old", "new", "back"} else {}
        jobs = {"old": _jobs(self._client("legacy")), "new": _jobs(self._client("sidekiq"))}
        return Sample(
            time.time(),
            str(status.get("phase", "")),
            (follow.get("lag") or {}).get("p99_ms"),
            stale,
            jobs,
            int(handover.get("jobs") or 0),
            int(status.get("engines_used") or 0),
        )

    def _status(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self.state / "status.json").read_text())
        except FileNotFoundError:
            return {}
        return found

    def _staleness(self) -> dict[str, float | None]:
        legacy, app_cache = self._client("legacy"), self._client("app_cache")
        # A probe is a write: of a side that nobody uses it would say that somebody does.
        used = self.sides_in_use()
        ways = (("old", "forward", legacy, app_cache), ("new", "back", app_cache, legacy))
        return {way: _stale(written, read, way) for side, way, written, read in ways if side in used}


def _stale(written: redis.Redis, read: redis.Redis, way: str) -> float | None:
    value = str(time.time_ns()).encode()
    began = time.perf_counter()
    written.set(PROBES[way], value, ex=_PROBE_TTL)
    while (waited := time.perf_counter() - began) < _STALE_LIMIT_SECONDS:
        if read.get(PROBES[way]) == value:
            return waited * 1000
        time.sleep(_STALE_LOOK_SECONDS)
    return None


def _jobs(client: Any) -> int:
    pipeline = client.pipeline(transaction=False)
    for queue in QUEUES:
        pipeline.llen(f"queue:{queue}")
    for name in ("retry", "schedule"):
        pipeline.zcard(name)
    return sum(map(int, pipeline.execute()))
