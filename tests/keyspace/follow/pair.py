"""Two real servers and engines that are driven by hand: step by step until something is so, with a bound on the steps and never on time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.conftest import StartRedis
from tests.keyspace.everything import endpoint, same, snapshot
from uplift.keyspace.follow.base import open_base
from uplift.keyspace.follow.decision import Policy
from uplift.keyspace.follow.engine import Engine
from uplift.keyspace.follow.followed_server import FollowedServer
from uplift.keyspace.follow.key_state import Side
from uplift.keyspace.follow.member import Member
from uplift.keyspace.follow.pasts import Pasts
from uplift.keyspace.follow.streams import MOST_TOUCH_BYTES, Streams
from uplift.keyspace.follow.totals import Step
from uplift.keyspace.keymap.model import one_target_takes_all
from uplift.keyspace.keymap.own_keys import is_own_key
from uplift.keyspace.keymap.routing import build_router
from uplift.keyspace.server.page_reader import ReadLimits

TWO_WAY = Policy(True, Side.SOURCE)
ONE_WAY = Policy(False, Side.SOURCE)
_BASE_BYTES = 8 << 20
_MOST_STEPS = 3_000
_ROUNDS_OF_A_KILLED_ENGINE = 100_000
"""More than any had: a later engine's are above them."""
_STEP_SECONDS = 0.01


@dataclass(frozen=True)
class Pair:
    """A source and a target that tell every event."""

    source: RedisServer
    target: RedisServer

    def side(self, side: Side) -> RedisServer:
        return self.source if side is Side.SOURCE else self.target

    def names(self, side: Side) -> set[bytes]:
        """Of the keys on a side, this follow's own aside."""
        return {name for name in self.side(side).client.scan_iter(count=1000) if not is_own_key(name)}

    def differing(self) -> list[bytes]:
        """What an independent reader finds unequal, this follow's own keys aside."""
        found = [
            {key: seen for key, seen in snapshot(server.client).items() if not is_own_key(key)} for server in (self.source, self.target)
        ]
        return same(found[0], found[1], tolerance=20)


def start_pair(start_redis: StartRedis, source: str = "3.2.6", target: str = "5.0.6") -> Pair:
    pair = Pair(start_redis(source), start_redis(target))
    for server in (pair.source, pair.target):
        server.set_config("notify-keyspace-events", "EA")
    return pair


@dataclass
class Driven:
    """A member and everything its steps said."""

    member: Member
    steps: list[Step] = field(default_factory=list)

    @property
    def engine(self) -> Engine:
        assert self.member.engine is not None, "it stands by"
        return self.member.engine

    @property
    def named(self) -> dict[bytes, str]:
        return {key: str(reason) for step in self.steps for key, reason in step.named}

    @property
    def problems(self) -> list[str]:
        return [step.problem for step in self.steps if step.problem]

    def server(self, side: Side) -> FollowedServer:
        return self.member.streams.servers[side]

    def step(self, seconds: float = _STEP_SECONDS) -> Step:
        self.steps.append(self.member.step(seconds))
        return self.steps[-1]

    def until(self, is_so: Callable[[], bool], most: int = _MOST_STEPS, *, beside: Driven | None = None) -> None:
        """Step, and have another one step beside it, until something is so."""
        for _ in range(most):
            if is_so():
                return
            self.step()
            if beside is not None:
                beside.step(0.0)
        raise AssertionError(f"not so after {most} steps; the last of them said {self.steps[-1]}, problems {self.problems[-3:]}")

    def settle(self, *, beside: Driven | None = None) -> None:
        """Until everything that was done before is decided: a whole round lies behind it, and nothing waits."""
        rounds = self.engine.totals.rounds
        self.until(lambda: self.engine.totals.rounds > rounds + 1 and not len(self.engine.dirty), beside=beside)

    def pass_over(self, *, beside: Driven | None = None) -> None:
        """A whole pass that begins now, and what it found."""
        self.engine.begin_pass()
        count = self.engine.passes.count
        self.until(lambda: self.engine.passes.count > count, beside=beside)
        self.settle(beside=beside)

    def in_sync(self, *, beside: Driven | None = None) -> None:
        """The first pass is over, and every gap with it."""
        self.until(
            lambda: self.engine.passes.done is not None and all(server.gaps.are_over for server in self.member.streams.servers),
            beside=beside,
        )
        self.settle(beside=beside)


def drive(
    pair: Pair,
    owner: str = "one",
    *,
    policy: Policy = TWO_WAY,
    stands_by: bool = False,
    limits: ReadLimits | None = None,
    most_touch_bytes: int = MOST_TOUCH_BYTES,
    stop_point: Callable[[str], None] = lambda _name: None,
    pasts: Pasts | None = None,
) -> Driven:
    """A member as `uplift follow` makes one, for two servers and a key map whose only target takes all.

    `pasts` are those of an engine that was killed: it is gone on with.
    """
    router = build_router(one_target_takes_all("target"), ("target",))

    def name(key: bytes) -> bytes | None:
        rule = router.route(key)
        return key if rule is not None and rule.target == 0 else None

    servers = [FollowedServer(side, side.name.lower(), endpoint(pair.side(side)), 0, name) for side in Side]
    streams = Streams(servers[0], servers[1:], router, pasts or Pasts(open_base(None, _BASE_BYTES)), most_touch_bytes)
    if pasts is not None and pasts.complete_since is not None:
        for server in servers:
            server.events.round = _ROUNDS_OF_A_KILLED_ENGINE
            server.had_lease = True
            server.gaps.open(0)
    return Driven(Member(streams, router, policy, owner, stands_by=stands_by, limits=limits, stop_point=stop_point))


def driven_in_sync(pair: Pair, **options: Any) -> Iterator[Driven]:
    """One engine, in sync, for one test."""
    driven = drive(pair, **options)
    driven.in_sync()
    yield driven
    driven.member.close()


def write_all(client: Any, prefix: str) -> None:
    """One key of each type, by the commands applications use."""
    client.set(f"{prefix}:string", "v")
    client.set(f"{prefix}:binary", bytes(range(256)))
    client.set(f"{prefix}:life", "v", px=600_000)
    client.incrby(f"{prefix}:number", 7)
    client.rpush(f"{prefix}:list", "a", "b", "c")
    client.sadd(f"{prefix}:set", 1, 2, 3)
    client.sadd(f"{prefix}:words", "a", "b")
    client.hset(f"{prefix}:hash", "field", "v")
    client.execute_command("HMSET", f"{prefix}:wide", *[part for number in range(100) for part in (f"field{number}", "v" * 80)])
    client.zadd(f"{prefix}:zset", {"a": 1.5, "b": float("-inf")})
    client.pfadd(f"{prefix}:visitors", *range(100))
    client.expire(f"{prefix}:hash", 5_000)
    client.set(f"{prefix} with spaces \x00", "v")
