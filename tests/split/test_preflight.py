"""The preflight on real servers, a refusal each, and its decisions as tables."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.conftest import StartRedis
from tests.keyspace.everything import endpoint
from tests.keyspace.follow.driven import own_keys
from uplift.errors import BadInput
from uplift.keyspace.follow.own_keys_there import Place
from uplift.keyspace.keymap.file import load_keymap
from uplift.keyspace.server.connection import connected
from uplift.keyspace.server.endpoint import Endpoint
from uplift.keyspace.server.facts import ServerFacts, read_server_facts
from uplift.keyspace.server.source_and_targets import TargetUrl
from uplift.split.preflight.check import Check, Checks, PreflightRequest, ServerSide, Verdict
from uplift.split.preflight.events import HOW_TO_SET
from uplift.split.preflight.leftovers import check_empty, check_leftovers
from uplift.split.preflight.preflight import Preflight
from uplift.split.preflight.room import Coming, check_legacy_room, check_room
from uplift.split.preflight.servers import check_clocks, check_encryption, check_roles, check_standby, check_versions

KEYMAP = load_keymap(Path("config/keyspace.yaml"))
SESSIONS = 3_000


@dataclass(frozen=True)
class Three:
    """Legacy, app-cache and sidekiq."""

    legacy: RedisServer
    cache: RedisServer
    sidekiq: RedisServer

    def request(self, **wanted: Any) -> PreflightRequest:
        targets = (
            TargetUrl("app-cache", endpoint(self.cache), None),
            TargetUrl("sidekiq", endpoint(self.sidekiq), None),
        )
        return replace(PreflightRequest(endpoint(self.legacy), targets, KEYMAP), **wanted)


@pytest.fixture
def three(start_redis: StartRedis) -> Three:
    servers = Three(start_redis("3.2.6"), start_redis("5.0.6"), start_redis("5.0.6"))
    for server in (servers.legacy, servers.cache):
        server.set_config("notify-keyspace-events", "AKE")
    servers.sidekiq.set_config("maxmemory-policy", "noeviction")
    with servers.legacy.client.pipeline(transaction=False) as pipeline:
        for number in range(SESSIONS):
            pipeline.set(f"vets-api-session:{number:040x}", "x" * 50, ex=1800)
        pipeline.execute()
    servers.legacy.client.sadd("queues", "default")
    servers.legacy.client.lpush("queue:default", "{}")
    servers.legacy.client.set("ElastiCacheMasterReplicationTimestamp", "1")
    return servers


def checked(request: PreflightRequest) -> Checks:
    preflight = Preflight(request)
    for _ in range(10_000):
        if (found := preflight.step()) is not None:
            return found
    raise AssertionError(f"no end: {preflight.progress}")


def refusals(request: PreflightRequest) -> list[str]:
    return [f"{check.name}: {check.text}" for check in checked(request).of(Verdict.REFUSED)]


def test_servers_as_they_should_be(three: Three) -> None:
    preflight = Preflight(three.request(has_standby=True))
    steps, told = 0, set()
    while (found := preflight.step()) is None:
        steps += 1
        told.add(preflight.progress)
    assert not found.is_refused, found.of(Verdict.REFUSED)
    assert steps > SESSIONS / 1_000
    assert any(text.startswith("names of legacy: ") and text.endswith(f"of about {SESSIONS + 3:,}") for text in told)
    assert preflight.step() == found
    fine = {check.name: check.text for check in found.of(Verdict.FINE)}
    assert fine["servers"] == "3 primaries, none in cluster mode"
    assert fine["key map"] == f"{SESSIONS + 2:,} keys, each with a rule"
    assert fine["Sidekiq's keys"] == "2 keys, all of kinds the handover knows"
    assert fine["versions"] == "legacy 3.2.6, app-cache 5.0.6, sidekiq 5.0.6 (workers of Sidekiq 7 want 6.2)"
    assert fine["leftovers"] == "no key of another run on any server"
    assert fine["replicas"] == "all acknowledge writes: 0 of legacy, 0 of sidekiq"
    assert {check.name for check in found.of(Verdict.WARNING)} == {"encryption", "room on app-cache", "clients"}
    assert [own_keys(server) for server in (three.legacy, three.cache, three.sidekiq)] == [[], [], []]


def test_a_preflight_that_is_closed_early_leaves_nothing_open(three: Three) -> None:
    preflight = Preflight(three.request())
    for _ in range(4):
        assert preflight.step() is None
    preflight.close()
    preflight.close()
    for _ in range(100_000):
        if all(client["name"] != "uplift" for client in three.legacy.client.client_list()):
            return
    raise AssertionError("its connection stays")


Spoil = Callable[[Three], object]
SPOILED: dict[str, tuple[Spoil, str]] = {
    "a key without a rule": (
        lambda three: three.legacy.client.set("unheard-of:abc:1", "x"),
        "key map: 1 keys of legacy match no rule of the key map: ",
    ),
    "sidekiq-unique-jobs": (
        lambda three: three.legacy.client.set("uniquejobs:0123", "x"),
        "Sidekiq's keys: 1 keys of sidekiq-unique-jobs (uniquejobs:*) on the source",
    ),
    "reliable fetch": (
        lambda three: three.legacy.client.lpush("working:queue:default:host:1", "x"),
        "Sidekiq's keys: 1 keys of GitLab's reliable fetch",
    ),
    "a lease on legacy": (
        lambda three: three.legacy.client.set("uplift:follow:lease", "0123abcd.x 1"),
        "leftovers: legacy (127.0.0.1:",
    ),
    "an outbox on legacy": (
        lambda three: three.legacy.client.lpush("uplift:handover:old:out:7", "x"),
        "leftovers: legacy (127.0.0.1:",
    ),
    "a marker of a copy": (
        lambda three: three.cache.client.set("uplift:temporary:0123abcd:marker", "x"),
        "leftovers: app-cache (127.0.0.1:",
    ),
    "a canary": (lambda three: three.cache.client.set("uplift:split:canary:app-cache:new", "x"), "leftovers: app-cache (127.0.0.1:"),
    "data on a target": (lambda three: three.cache.client.set("vets-api-session:1", "x"), "targets: app-cache (127.0.0.1:"),
    "jobs on a target": (lambda three: three.sidekiq.client.lpush("queue:default", "x"), "targets: sidekiq (127.0.0.1:"),
    "evicting jobs": (
        lambda three: three.sidekiq.set_config("maxmemory-policy", "volatile-lru"),
        "room on sidekiq: sidekiq (127.0.0.1:",
    ),
    "no room": (lambda three: three.cache.set_config("maxmemory", "1"), "room on app-cache: app-cache (127.0.0.1:"),
    "no notifications": (lambda three: three.cache.set_config("notify-keyspace-events", ""), "notifications: app-cache (127.0.0.1:"),
    "half the notifications": (lambda three: three.legacy.set_config("notify-keyspace-events", "Eg$"), "notifications: legacy (127.0.0.1:"),
    "a target that is gone": (lambda three: three.cache.stop(), "servers: app-cache: 127.0.0.1:"),
    "a target that is a replica": (lambda three: three.cache.follow(three.sidekiq), "servers: app-cache (127.0.0.1:"),
}


@pytest.mark.parametrize("what", SPOILED)
def test_a_refusal_says_what_was_found(three: Three, what: str) -> None:
    spoil, said = SPOILED[what]
    spoil(three)
    found = refusals(three.request())
    assert any(text.startswith(said) for text in found), found
    assert "unheard-of:abc" not in "".join(found)


def test_silent_servers_are_told_who_must_set_what_where(three: Three) -> None:
    three.cache.set_config("notify-keyspace-events", "")
    (text,) = refusals(three.request())
    assert text.endswith(HOW_TO_SET)
    assert 'parameter { name = "notify-keyspace-events" value = "AKE" }' in text


def test_the_same_server_twice(three: Three) -> None:
    (text,) = refusals(Three(three.legacy, three.cache, three.cache).request())
    assert "app-cache (127.0.0.1:" in text
    assert "are the same server (run id" in text


def test_a_token_that_is_asked_for_and_not_given(three: Three) -> None:
    three.cache.set_config("requirepass", "swordfish")
    (text,) = refusals(three.request())
    assert "asks for a password" in text
    assert "swordfish" not in text


@pytest.mark.long
def test_a_replica_that_does_not_acknowledge(three: Three, start_redis: StartRedis) -> None:
    replica = start_redis("5.0.6")
    replica.follow(three.sidekiq)
    found = {check.name: check.text for check in checked(three.request()).of(Verdict.FINE)}
    assert found["replicas"] == "all acknowledge writes: 0 of legacy, 1 of sidekiq"
    os.kill(replica.pid, signal.SIGSTOP)
    try:
        (text,) = refusals(three.request())
    finally:
        os.kill(replica.pid, signal.SIGCONT)
    assert text.startswith("replicas: legacy and sidekiq: the target has 1 replicas, of which 0 acknowledge writes")


def test_of_a_run_that_has_begun_its_own_keys_and_data_are_none_of_anothers(three: Three) -> None:
    three.cache.client.set("vets-api-session:1", "x")
    for server in (three.legacy, three.cache):
        server.client.set("uplift:follow:lease", "0123abcd.x 1")
    three.sidekiq.client.hset("uplift:handover:ab12:dst", "epoch", 1)
    assert refusals(three.request(has_begun=True, own_handovers=frozenset({"ab12"}))) == []
    (text,) = refusals(three.request(has_begun=True, own_handovers=frozenset({"other"})))
    assert "uplift:handover:ab12:dst" in text
    assert "uplift sidekiq end" in text


def test_every_database_of_legacy_is_looked_at(three: Three) -> None:
    with three.legacy.connect(3) as third:
        third.set("unheard-of:1", "x")
    found = refusals(three.request())
    assert any("match no rule" in text for text in found)
    assert [text for text in refusals(three.request(databases=(0,))) if "no rule" in text] == []


def test_targets_that_the_key_map_does_not_name(three: Three) -> None:
    with pytest.raises(BadInput, match="no destination of the key map"):
        Preflight(replace(three.request(), targets=(TargetUrl("other", endpoint(three.cache), None),)))


def test_who_is_connected_is_a_note_on_legacy_and_a_warning_on_a_target(three: Three) -> None:
    three.cache.client.ping()
    clients = {check.text.partition(":")[0]: check.verdict for check in checked(three.request()).checks if check.name == "clients"}
    assert clients["1 clients are on legacy"] is Verdict.FINE
    assert clients["1 clients are on app-cache already"] is Verdict.WARNING
    allowed = checked(three.request(allowed_clients=("127.0.0.1",)))
    assert {check.verdict for check in allowed.checks if check.name == "clients"} == {Verdict.FINE}


@pytest.fixture(scope="module")
def facts(installed_tools: Any, tmp_path_factory: pytest.TempPathFactory) -> ServerFacts:
    server = RedisServer("5.0.6", installed_tools.redis_servers["5.0.6"], tmp_path_factory.mktemp("redis") / "one")
    with connected(endpoint(server)) as connection:
        found = read_server_facts(connection)
    server.stop()
    return found


def side(facts: ServerFacts, name: str = "app-cache", *, ahead: float = 0.0, is_for_jobs: bool = False, **changes: Any) -> ServerSide:
    where = Endpoint("h", 1, **changes.pop("endpoint", {}))
    return ServerSide(name, where, replace(facts, **{"run_id": name, **changes}), ahead, is_for_jobs)


def verdicts(found: list[Check]) -> list[Verdict]:
    return [check.verdict for check in found]


FINE, WARNING, REFUSED = Verdict.FINE, Verdict.WARNING, Verdict.REFUSED


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [({}, FINE), ({"role": "slave"}, REFUSED), ({"cluster_enabled": True}, REFUSED), ({"run_id": "legacy"}, REFUSED)],
)
def test_roles(facts: ServerFacts, changes: dict[str, Any], wanted: Verdict) -> None:
    assert verdicts(check_roles(side(facts, "legacy"), [side(facts, **changes)])) == [wanted]


@pytest.mark.parametrize(
    ("legacy", "target", "is_for_jobs", "wanted"),
    [
        ((3, 2, 4), (5, 0, 6), True, FINE),
        ((3, 0, 7), (5, 0, 6), False, REFUSED),
        ((5, 0, 6), (3, 2, 6), False, REFUSED),
        ((5, 0, 6), (5, 0, 3), False, FINE),
        ((3, 2, 6), (3, 2, 6), True, WARNING),
        ((3, 2, 6), (3, 2, 6), False, FINE),
    ],
)
def test_versions(facts: ServerFacts, legacy: tuple[int, ...], target: tuple[int, ...], is_for_jobs: bool, wanted: Verdict) -> None:
    old, new = side(facts, "legacy", compatible_version=legacy), side(facts, compatible_version=target, is_for_jobs=is_for_jobs)
    assert verdicts(check_versions(old, [new])) == [wanted]


def test_encryption(facts: ServerFacts) -> None:
    assert verdicts(check_encryption([side(facts, endpoint={"tls": True, "password": "t"})])) == [FINE]
    assert verdicts(check_encryption([side(facts)])) == [WARNING, WARNING]
    assert verdicts(check_encryption([side(facts, endpoint={"tls": True, "password": "t", "insecure": True})])) == [WARNING]


@pytest.mark.parametrize(
    ("legacy", "target", "wanted"),
    [(0, 900, [FINE]), (0, -1100, [REFUSED]), (5000, 5100, [WARNING]), (-5000, 0, [REFUSED, WARNING])],
)
def test_clocks(facts: ServerFacts, legacy: float, target: float, wanted: list[Verdict]) -> None:
    assert verdicts(check_clocks(side(facts, "legacy", ahead=legacy), [side(facts, ahead=target)], 1000)) == wanted


def test_standby() -> None:
    assert verdicts(check_standby(has_standby=True) + check_standby(has_standby=False)) == [FINE, WARNING]


@pytest.mark.parametrize(
    ("changes", "is_for_jobs", "is_there", "wanted"),
    [
        ({"max_memory_bytes": 0, "max_memory_policy": "noeviction"}, False, False, [FINE]),
        ({"max_memory_bytes": 0, "max_memory_policy": "volatile-lru"}, False, False, [FINE]),
        ({"max_memory_bytes": 0, "max_memory_policy": "volatile-lru"}, True, False, [REFUSED]),
        ({"max_memory_bytes": 2000, "max_memory_policy": "noeviction"}, False, False, [FINE]),
        ({"max_memory_bytes": 2000, "max_memory_policy": "volatile-lru"}, False, False, [WARNING]),
        ({"max_memory_bytes": 700, "max_memory_policy": "noeviction"}, True, False, [WARNING]),
        ({"max_memory_bytes": 400, "max_memory_policy": "noeviction"}, True, False, [REFUSED]),
        ({"max_memory_bytes": 400, "max_memory_policy": "noeviction"}, True, True, [FINE]),
    ],
)
def test_room_on_a_target(facts: ServerFacts, changes: dict[str, Any], is_for_jobs: bool, is_there: bool, wanted: list[Verdict]) -> None:
    """Half of legacy's keys come, and it uses 1,000 bytes: about 500."""
    legacy = side(facts, "legacy", used_memory_bytes=1000)
    target = side(facts, used_memory_bytes=0, is_for_jobs=is_for_jobs, **changes)
    assert verdicts(check_room(legacy, target, Coming(50, 100), is_there=is_there)) == wanted


@pytest.mark.parametrize(
    ("used", "policy", "wanted"),
    [(50, "volatile-lru", FINE), (86, "volatile-lru", WARNING), (98, "volatile-lru", REFUSED), (98, "noeviction", WARNING)],
)
def test_room_on_legacy(facts: ServerFacts, used: int, policy: str, wanted: Verdict) -> None:
    legacy = side(facts, "legacy", used_memory_bytes=used, max_memory_bytes=100, max_memory_policy=policy)
    assert verdicts(check_legacy_room(legacy)) == [wanted]


@pytest.mark.parametrize(
    ("name", "fresh", "begun"),
    [
        (b"uplift:follow:lease", True, False),
        (b"uplift:follow:probe:x", False, False),
        (b"uplift:follow:temporary:0123abcd.1", True, False),
        (b"uplift:handover:probe", False, False),
        (b"uplift:handover:mine:out:1", True, False),
        (b"uplift:handover:others:out:1", True, True),
        (b"uplift:handover:taken-from-by", True, False),
        (b"uplift:temporary:1:marker", True, False),
        (b"uplift:split:canary:app-cache:old", True, False),
    ],
)
def test_whose_keys_are_refused(name: bytes, fresh: bool, begun: bool) -> None:
    place = Place("legacy", Endpoint("h", 1), 0)
    mine = frozenset({"mine"})
    assert bool(check_leftovers(place, [name], has_begun=False, own_handovers=mine)) == fresh
    assert bool(check_leftovers(place, [name], has_begun=True, own_handovers=mine)) == begun
    for check in check_leftovers(place, [name] * 9, has_begun=False, own_handovers=mine):
        holds_jobs = any(part in name for part in (b":out:", b":held:", b":kept:"))
        assert check.text.count(name.decode()) == (1 if holds_jobs else 2), (
            "it is named, and what removes it unless it may be the only copy"
        )
        assert ("redis-cli -h h -p 1 -n 0 DEL" in check.text) is not holds_jobs


@pytest.mark.parametrize("part", ["out", "held", "kept"])
def test_nobody_is_told_to_delete_jobs_however_many_other_keys_are_left(part: str) -> None:
    """What a handover kept of jobs that a target forgot is the only copy of them."""
    names = [f"uplift:handover:others:{number}".encode() for number in range(9)]
    (check,) = check_leftovers(
        Place("legacy", Endpoint("h", 1), 0),
        [*names, f"uplift:handover:others:{part}:1".encode()],
        has_begun=False,
        own_handovers=frozenset(),
    )
    assert f"others:{part}:1" in check.text
    assert "DEL" not in check.text


def test_many_leftovers_are_counted() -> None:
    names = [b"uplift:temporary:%d" % number for number in range(8)]
    (check,) = check_leftovers(Place("legacy", Endpoint("h", 1), 0), names, has_begun=False, own_handovers=frozenset())
    assert "and 3 more" in check.text


@pytest.mark.parametrize(("keys", "has_begun", "wanted"), [(0, False, []), (5, False, [REFUSED]), (5, True, [])])
def test_targets_are_empty_or_of_this_run(keys: int, has_begun: bool, wanted: list[Verdict]) -> None:
    assert verdicts(check_empty(Place("app-cache", Endpoint("h", 1), 0), keys, has_begun=has_begun)) == wanted
