"""Schedulers of both gems, by their own commands, with a clock of the test; and a world in which they run on two sides while a gate moves.

Sources: sidekiq-scheduler 3.0.1 lib/sidekiq-scheduler/{scheduler,redis_manager,utils}.rb; sidekiq-cron 1.8.0 lib/sidekiq/cron/job.rb.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.keyspace.everything import endpoint
from uplift.sidekiq.gate.gate import Gate, GateOutcome, GateStep, GateWish
from uplift.sidekiq.gate.servers import GateServers

BEGIN = 1_800_000_000
EVERY_SECOND = {"every second": 1, "every 20": 20}
"""A full minute; all times are from here on."""
Fired = tuple[str, int]


class Killed(BaseException):
    """The mover is dead."""


def ruby_time(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


@dataclass
class Process:
    """`jobs` are names and periods in seconds; `fired` is shared by all processes of a world."""

    server: RedisServer
    identity: str
    jobs: dict[str, int]
    fired: list[Fired]
    lives: bool = False
    seen: int = 0

    @property
    def client(self) -> Any:
        return self.server.client

    def start(self, now: float) -> None:
        self.lives, self.seen = True, int(now)
        self.client.sadd("processes", self.identity)
        self.beat(now)
        self.load(now)

    def beat(self, now: float) -> None:
        self.client.execute_command("HMSET", self.identity, "info", "{}", "beat", str(now), "quiet", "false")

    def stop(self) -> None:
        self.lives = False
        self.client.srem("processes", self.identity)
        self.client.delete(self.identity)

    def load(self, now: float) -> None:
        raise NotImplementedError

    def tick(self, now: float) -> None:
        raise NotImplementedError


class SchedulerProcess(Process):
    """sidekiq-scheduler up to 5.0.3: the mark of an instance is the second in which it was noticed."""

    def load(self, now: float) -> None:
        for name, period in self.jobs.items():
            self.client.hset("schedules", name, json.dumps({"class": name, "every": f"{period}s"}))
            self.client.hset("sidekiq-scheduler:next_times", name, ruby_time(int(now) // period * period + period))

    def tick(self, now: float) -> None:
        second = int(now)
        for name, period in self.jobs.items():
            if second > self.seen and second // period > self.seen // period:
                self.trigger(name, period, second)
        self.seen = second

    def trigger(self, name: str, period: int, second: int) -> None:
        state = self.client.hget("sidekiq-scheduler:states", name)
        if state is None or json.loads(state).get("enabled", True):
            key = f"sidekiq-scheduler:pushed:{name}"
            added = self.client.zadd(key, {str(second): second})
            self.client.expire(key, 86_400)
            if added:
                self.fired.append((name, second))
                self.client.zremrangebyscore(key, 0, second - 86_400)
        self.client.hset("sidekiq-scheduler:last_times", name, ruby_time(second))
        self.client.hset("sidekiq-scheduler:next_times", name, ruby_time(second // period * period + period))


class CronProcess(Process):
    """sidekiq-cron 1: polls every few seconds, looks at the last nominal instance alone, fires it up to 60 s late."""

    head = ""
    poll = 4

    def load(self, now: float) -> None:
        for name in self.jobs:
            key = f"cron_job:{self.head}{name}"
            status = self.client.hget(key, "status") or b"enabled"
            self.client.sadd(f"cron_jobs{':' if self.head else ''}{self.head.rstrip(':')}", key)
            self.client.execute_command("HMSET", key, "name", name, "cron", "*", "status", status)
            if not self.client.exists(f"{key}:enqueued"):
                last = int(now) // self.jobs[name] * self.jobs[name]
                self.client.zadd(f"{key}:enqueued", {iso(last): now})

    def tick(self, now: float) -> None:
        if int(now) // self.poll == self.seen // self.poll:
            return
        self.seen = int(now)
        for name, period in self.jobs.items():
            key, last = f"cron_job:{self.head}{name}", int(now) // period * period
            if self.client.hget(key, "status") != b"enabled" or now - last > 60:
                continue
            if int(self.client.hget(key, "last_enqueue_time") or 0) >= last:
                continue
            if self.client.zadd(f"{key}:enqueued", {iso(last): float(last)}):
                self.fired.append((name, last))
                self.client.hset(key, "last_enqueue_time", int(now))


class SlowCronProcess(CronProcess):
    """An instance of the full minute is noticed 40 s later."""

    poll = 50


class NamespacedCronProcess(CronProcess):
    """sidekiq-cron 2."""

    head = "default:"


def iso(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class World:
    """`sides` are the old and the new server; the gate steps as often as it has work, and dies where `dies` says so."""

    sides: tuple[RedisServer, RedisServer]
    draws: random.Random
    now: float = BEGIN
    fired: list[Fired] = field(default_factory=list)
    processes: list[Process] = field(default_factory=list)
    gate: Gate | None = None
    wish: GateWish = field(default_factory=lambda: GateWish(BEGIN + 60))
    dies: Callable[[str], bool] = lambda _name: False
    is_cut: bool = False
    kills: int = 0
    steps: list[GateStep] = field(default_factory=list)

    def start(self, kind: type[Process], side: int, jobs: dict[str, int], count: int = 2) -> list[Process]:
        new = [kind(self.sides[side], f"host{side}:{len(self.processes) + one}:abcdef", jobs, self.fired) for one in range(count)]
        for process in new:
            process.start(self.now)
        self.processes += new
        return new

    def new_gate(self) -> None:
        def stop_point(name: str) -> None:
            if self.dies(name):
                raise Killed

        servers = GateServers(endpoint(self.sides[0]), endpoint(self.sides[1]))
        self.gate = Gate(servers, b"test", self.wish, stop_point=stop_point)

    def turn(self) -> None:
        """The gate works, as far as it gets in half a second."""
        for _ in range(12):
            if self.gate is None:
                return
            try:
                step = self.gate.step(self.now)
            except Killed:
                self.kills += 1
                self.new_gate()
                return
            self.steps.append(step)
            assert step.outcome is not GateOutcome.FENCED
            assert self.is_cut or step.outcome is not GateOutcome.AGAIN, step.reason
            if step.outcome is not GateOutcome.WORKED:
                return

    def run(self, until: float, step: float = 0.5) -> None:
        """Until so many seconds after the beginning."""
        while self.now < BEGIN + until:
            self.now += step
            alive = [process for process in self.processes if process.lives]
            self.draws.shuffle(alive)
            for process in alive:
                process.tick(self.now)
            self.turn()

    @property
    def phase(self) -> str:
        record = self.steps[-1].record
        return record.phase.value if record else ""

    def check_once(self, jobs: dict[str, int], first: float, last: float) -> None:
        """Each instance in a window was fired exactly once."""
        counts = Counter(self.fired)
        for name, period in jobs.items():
            due = [second for second in range(int(BEGIN + first), int(BEGIN + last)) if second % period == 0]
            wrong = {second - BEGIN: counts[name, second] for second in due if counts[name, second] != 1}
            assert not wrong, f"{name}: fired so often, by second: {wrong}"
