"""Canaries over a real follow, both ways; and that to everybody else they are nobody's data."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartRedis
from tests.keyspace.everything import endpoint
from tests.keyspace.follow.driven import SESSIONS, Servers, begun, drive, follow_request, own_keys
from uplift.keyspace.keymap.check import check_keymap
from uplift.keyspace.keymap.model import KeyMap, one_target_takes_all
from uplift.keyspace.keymap.own_keys import is_own_key
from uplift.keyspace.keymap.routing import Router, build_router
from uplift.keyspace.keymap.rule import NO_TARGET
from uplift.keyspace.keymap.target_names import NameKind, names_on_target
from uplift.split.evidence.canaries import TTL_MILLISECONDS, Canaries, CanaryPlace, Way, canary_name, with_canary_rules

OLD, NEW = canary_name("cache", "old"), canary_name("cache", "new")
SPLIT = KeyMap.model_validate(
    {
        "version": 1,
        "destinations": ["cache", "sidekiq", "other"],
        "rename": True,
        "rules": [
            {"name": "jobs", "match": {"prefix": "queue:"}, "to": "sidekiq", "action": "handover", "source": "t", "reason": "t"},
            {"name": "o", "match": {"prefix": "o:"}, "to": "other", "source": "t", "reason": "t"},
            {"name": "rest", "match": {"prefix": ""}, "to": "cache", "root": "app:", "overlaps": ["*"], "source": "t", "reason": "t"},
        ],
    }
)


@pytest.fixture
def servers(start_redis: StartRedis) -> Servers:
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    for server in (source, target):
        server.set_config("notify-keyspace-events", "EA")
    source.client.set("session:1", "a")
    return source, target


def place(servers: Servers) -> CanaryPlace:
    return CanaryPlace("cache", endpoint(servers[0]), endpoint(servers[1]))


def stepping(canaries: Canaries, until: Callable[[], bool]) -> Callable[[], bool]:
    def is_so() -> bool:
        canaries.step(time.monotonic())
        return until()

    return is_so


def test_both_ways_over_a_follow(servers: Servers, tmp_path: Path) -> None:
    source, target = servers
    request = follow_request(*servers, with_canary_rules(SESSIONS), is_two_way=True)
    canaries = Canaries([place(servers)], again_seconds=0.5)
    with begun(request, tmp_path / "state") as run:
        drive(run, until=lambda: run.is_in_sync and run.record.state.is_two_way)
        assert not canaries.have_arrived
        drive(run, until=stepping(canaries, lambda: canaries.have_arrived))
        assert set(canaries.arrived) == {Way("cache", "old"), Way("cache", "new")}
        assert all(0 <= one.seconds < 60 and abs(one.at - time.time()) < 60 for one in canaries.arrived.values())
        for server in servers:
            assert {OLD, NEW} <= set(own_keys(server))
            assert 0 < server.client.pttl(OLD) <= TTL_MILLISECONDS
        first = dict(canaries.arrived)
        drive(run, until=stepping(canaries, lambda: all(canaries.arrived[way].at > first[way].at for way in first)))
        drive(run, until=lambda: run.is_in_sync)
        assert (run.named_keys, run.status().foreign_writers, run.status().not_described) == (0, (), 0)
        canaries.close()
        drive(run, until=lambda: not any(server.client.exists(OLD, NEW) for server in (source, target)))


def test_a_canary_that_does_not_arrive_is_a_problem_that_names_its_way(servers: Servers) -> None:
    canaries = Canaries([place(servers)])
    canaries.step(100.0)
    canaries.step(125.0)
    assert (canaries.problem, canaries.arrived) == (None, {})
    canaries.step(140.0)
    assert canaries.problem == "canary of cache, old side to new side: not there after 40 s, expected: within 30 s"
    token: Any = servers[0].client.get(OLD)
    other: Any = servers[1].client.get(NEW)
    servers[0].client.pexpire(OLD, 10_000)
    canaries.step(500.0)
    assert (servers[0].client.get(OLD), servers[0].client.pttl(OLD) > 10_000) == (token, True)
    servers[1].client.set(OLD, token)
    servers[0].client.set(NEW, other)
    canaries.step(501.0)
    assert canaries.have_arrived
    assert canaries.arrived[Way("cache", "old")].seconds == 401.0
    canaries.close()
    assert [own_keys(server) for server in servers] == [[], []]


def test_one_that_was_removed_on_its_own_side_is_written_again(servers: Servers) -> None:
    """What nobody was told of is decided by the side in charge, so that a canary may go as any key does."""
    source, target = servers
    canaries = Canaries([place(servers)])
    canaries.step(100.0)
    token: Any = target.client.get(NEW)
    target.client.delete(NEW)
    canaries.step(129.0)
    assert not target.client.exists(NEW)
    canaries.step(131.0)
    assert target.client.get(NEW) == token
    source.client.set(NEW, token)
    canaries.step(132.0)
    assert canaries.arrived[Way("cache", "new")].seconds == 32.0


def test_a_server_that_is_gone_is_a_problem_and_stops_nothing(servers: Servers) -> None:
    canaries = Canaries([place(servers)])
    canaries.step(1.0)
    servers[1].stop()
    canaries.step(2.0)
    assert canaries.problem is not None
    assert str(endpoint(servers[1])) in canaries.problem
    assert not canaries.have_arrived
    canaries.step(100.0)
    canaries.close()
    assert own_keys(servers[0]) == []


def test_a_server_that_takes_no_writes_is_a_problem(servers: Servers) -> None:
    canaries = Canaries([place(servers)])
    servers[0].set_config("maxmemory", "1")
    servers[0].set_config("maxmemory-policy", "noeviction")
    canaries.step(1.0)
    assert canaries.problem is not None
    assert "OOM" in canaries.problem


def routed(router: Router, name: bytes) -> tuple[bool, int]:
    rule, slow = router.route(name), router.first_match(name)
    assert rule is not None
    assert rule is slow
    assert router.rules[rule.index] is rule
    return rule.is_own, rule.target


@pytest.mark.parametrize("keymap", [SPLIT, SESSIONS, one_target_takes_all("cache")], ids=["split", "sessions", "everything"])
def test_only_the_follow_knows_canaries(keymap: KeyMap) -> None:
    targets = tuple(name for name in keymap.destinations if name != "sidekiq")
    plain, follows = build_router(keymap, targets), build_router(with_canary_rules(keymap), targets)
    assert is_own_key(OLD)
    for name in (OLD, NEW):
        assert routed(plain, name) == (True, NO_TARGET)
        assert routed(follows, name) == (False, 0)
        assert names_on_target(plain, 0)(name).kind is NameKind.OWN
        assert names_on_target(follows, 0)(name).kind is NameKind.FOLLOWED
        assert names_on_target(follows, 0)(name).key == name
    for router in (plain, follows):
        assert routed(router, b"uplift:split:something") == (True, NO_TARGET)
        assert routed(router, b"uplift:follow:lease") == (True, NO_TARGET)
        assert names_on_target(router, 0)(b"uplift:split:something").kind is NameKind.OWN
    assert check_keymap(with_canary_rules(keymap)) == check_keymap(keymap) == []
    assert with_canary_rules(keymap).digest != keymap.digest


def test_a_target_of_the_handover_has_no_canary() -> None:
    exact: list[Any] = [name for rule in with_canary_rules(SPLIT).rules for name in rule.match.exact]
    assert exact == [
        "uplift:split:canary:cache:old",
        "uplift:split:canary:cache:new",
        "uplift:split:canary:other:old",
        "uplift:split:canary:other:new",
    ]
