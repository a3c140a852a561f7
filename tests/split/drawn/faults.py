"""What goes wrong in a drawn split, and when: drawn before it begins, so that a seed makes the same plan again."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import redis

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.split.drawn.application import client_of
from tests.split.drawn.engine_process import Death
from tests.split.drawn.engines import Engines, Seat
from tests.split.drawn.journal import Journal
from uplift.split.decisions.next_step import STEPS
from uplift.split.record.asked import Wish
from uplift.split.status.split_status import SplitStatus

NAMES = ("legacy", "app-cache", "sidekiq")
FAULTS = (
    "kill leader",
    "kill standby",
    "kill both",
    "stop leader",
    "cut one",
    "cut all",
    "events off",
    "flush",
    "client kill",
    "full",
    "expire",
    "die",
)
BURST = "vets-api-session:burst"
"""Behind it come the moment of the keys' end, in ms since 1970, and a number."""
_BURST_KEYS = 5000
_FLUSH_LAG_SECONDS = 1.5
_LEADER_SECONDS = 5.0
_TINY_BYTES = 1_000_000
_ROOM_BYTES = 4 << 30


@dataclass(frozen=True)
class Fault:
    """`moment`: the part of the run in which it begins, so many seconds `after`; it lasts for `seconds`. `where`: a server."""

    kind: str
    moment: str
    after: float
    seconds: float
    where: str
    death: Death | None = None

    def __str__(self) -> str:
        what = f" {asdict(self.death)}" if self.death is not None else f" {self.where} for {self.seconds:.1f} s"
        return f"{self.kind}{what}, {self.after:.1f} s after {self.moment}"


def drawn_faults(rng: random.Random, moments: list[str], wishes: list[Wish]) -> list[Fault]:
    """0 to 4."""
    return [_drawn(rng, moments, wishes) for _ in range(rng.randrange(5))]


def _drawn(rng: random.Random, moments: list[str], wishes: list[Wish]) -> Fault:
    kind, moment = rng.choice(FAULTS), rng.choice(moments)
    after, seconds, where = rng.uniform(0, 2.5), rng.uniform(1, 8), rng.choice(NAMES)
    if kind == "events off":
        where = rng.choice(NAMES[:2])
    if kind == "full":
        where, seconds = rng.choice(NAMES[1:]), min(seconds, 4)
    if kind == "flush" and moment in {Wish.FINISH.value, Wish.ABANDON.value}:
        # Once the follow has ended nobody brings anything back.
        moment = "armed"
    death = None
    if kind == "die":
        wish = rng.choice(wishes)
        of = rng.choice(("intent", "outcome", "intent", "outcome", "end", "answer"))
        death, moment, after = Death(wish.value, rng.choice(STEPS[wish]).value, of, rng.choice(("before", "behind"))), "start", 0.0
    return Fault(kind, moment, after, seconds, where, death)


@dataclass
class Faults:
    """Each runs on a thread of its own, from its moment on."""

    plan: list[Fault]
    folder: Path
    servers: dict[str, RedisServer]
    engines: Engines
    journal: Journal
    status: Callable[[], SplitStatus | None]
    side: Callable[[], str]
    told: list[str]
    threads: list[threading.Thread] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def moment(self, name: str) -> None:
        self._tell(f"moment: {name}")
        for fault in self.plan:
            if fault.moment == name:
                thread = threading.Thread(target=self._run, args=(fault,), daemon=True, name=fault.kind)
                self.threads.append(thread)
                thread.start()

    def join(self) -> None:
        for thread in self.threads:
            thread.join()
        self.threads.clear()

    def _tell(self, text: str) -> None:
        self.told.append(f"{time.time():.3f} {text}")

    def _run(self, fault: Fault) -> None:
        time.sleep(fault.after)
        self._tell(f"fault: {fault}")
        try:
            self._do(fault)
        except Exception as problem:  # noqa: BLE001 - the verdict tells it
            self.failed.append(f"fault {fault.kind}: {problem!r}")
        self._tell(f"fault over: {fault.kind}")

    def _do(self, fault: Fault) -> None:  # noqa: C901 - one case a kind
        engines, server = self.engines, self.servers[fault.where]
        leader = self._leader() if "leader" in fault.kind or fault.kind in {"kill standby", "cut one"} else None
        match fault.kind:
            case "kill leader" if leader is not None:
                engines.kill([leader])
            case "kill standby":
                engines.kill([seat for seat in engines.alive if seat is not leader])
            case "kill both":
                engines.kill(engines.alive)
            case "stop leader" if leader is not None:
                engines.stand_still(leader, max(2.0, fault.seconds))
            case "cut one" if leader is not None:
                engines.cut([leader], fault.where, fault.seconds)
            case "cut all":
                engines.cut(engines.seats, fault.where, fault.seconds)
            case "events off":
                server.set_config("notify-keyspace-events", "")
                time.sleep(fault.seconds)
                server.set_config("notify-keyspace-events", "EA")
            case "flush":
                self._flush()
            case "client kill":
                _kill_clients(client_of(server.port, "test"))
            case "full":
                self._fill(server, fault.seconds)
            case "expire":
                self._expire()
            case "die" if fault.death is not None:
                (self.folder / "death.json").write_text(json.dumps(asdict(fault.death)))

    def _leader(self) -> Seat | None:
        """Once there is one: a run that has just begun tells nothing yet."""
        deadline = time.monotonic() + _LEADER_SECONDS
        while time.monotonic() < deadline:
            status = self.status()
            if status is not None and (leader := self.engines.leader(status.engine)) is not None:
                return leader
            time.sleep(0.05)
        return None

    def _flush(self) -> None:
        """What app-cache had not carried to legacy yet is gone: until the next pass proves both sides equal."""
        at = time.time()
        self.journal.forgotten.append((at - _FLUSH_LAG_SECONDS, float("inf")))
        index = len(self.journal.forgotten) - 1
        self.servers["app-cache"].client.flushdb()
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            status = self.status()
            follow = status.follow if status is not None else None
            if status is not None and follow is not None and follow.not_in_sync is None and _is_proven_since(status, at):
                self.journal.forgotten[index] = (at - _FLUSH_LAG_SECONDS, time.time())
                return
            time.sleep(0.1)

    @staticmethod
    def _fill(server: RedisServer, seconds: float) -> None:
        """Two of them may overlap: what the second one finds is no limit of the server's own."""
        before = int(server.client.info("memory")["maxmemory"])
        server.set_config("maxmemory", str(_TINY_BYTES))
        time.sleep(seconds)
        server.set_config("maxmemory", str(before if before != _TINY_BYTES else _ROOM_BYTES))

    def _expire(self) -> None:
        client = client_of(self.servers["legacy" if self.side() == "old" else "app-cache"].port, "web-burst")
        at = int((time.time() + 2.5) * 1000)
        with client.pipeline(transaction=False) as pipeline:
            for number in range(_BURST_KEYS):
                pipeline.set(f"{BURST}-{at}-{number}", "x" * 20, ex=60)
                pipeline.pexpireat(f"{BURST}-{at}-{number}", at)
            with suppress(redis.ResponseError):
                pipeline.execute()
        client.close()


def has_expired(name: bytes, now: float) -> bool:
    """Whether a key of a burst is to be gone, at a time in seconds since 1970."""
    return int(name.split(b"-")[-2]) / 1000 < now


def _is_proven_since(status: SplitStatus, at: float) -> bool:
    """Whether the pass that proves both sides equal began after a moment, as far as its end tells."""
    proof_seconds = status.follow.proof_seconds if status.follow is not None else None
    return proof_seconds is not None and status.at - proof_seconds > at + 2


def _kill_clients(client: Any) -> None:
    for one in client.client_list():
        if one["name"].startswith("uplift"):
            with suppress(redis.ResponseError):
                client.client_kill_filter(_id=one["id"])
