"""Where a follow does not begin: other runs' keys and leases, events that are off, servers and directories that must not be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal.cloud.elasticache.endpoint_proxy import Endpoint as Proxy
from rehearsal.cloud.elasticache.endpoint_proxy import ProxyLoop
from rehearsal.cloud.elasticache.redis_server import free_port
from tests.conftest import StartRedis
from tests.keyspace.everything import endpoint
from tests.keyspace.follow.driven import (
    SESSIONS,
    Servers,
    begun,
    drive,
    follow_request,
    in_sync,
    own_keys,
)
from uplift.errors import BadInput, NotSafe, SourceUnreachable
from uplift.keyspace.follow.run import FollowRun
from uplift.keyspace.follow.starting import FollowRequest
from uplift.keyspace.keymap.model import KeyMap
from uplift.keyspace.server.endpoint import Endpoint
from uplift.keyspace.server.source_and_targets import TargetUrl


def test_an_earlier_runs_keys_are_refused_by_name(servers: Servers, tmp_path: Path) -> None:
    source, target = servers
    request = follow_request(*servers)
    target.client.set("uplift:follow:temporary:0123abcd.1:1", "left")
    with begun(request, tmp_path / "state") as run, pytest.raises(NotSafe) as refused:
        run.step()
    assert f"cache (127.0.0.1:{target.port}) database 0 holds keys of an earlier run: uplift:follow:temporary:0123abcd.1:1" in str(
        refused.value
    )
    assert f"`redis-cli -h 127.0.0.1 -p {target.port} -n 0 DEL uplift:follow:temporary:0123abcd.1:1`" in str(refused.value)
    target.client.flushall()
    source.client.set("uplift:follow:lease", "5:0123abcd.1")
    with (
        begun(request, tmp_path / "state") as run,
        pytest.raises(NotSafe, match=r"holds the lease of another run: .* is 5:0123abcd.1\. .*--standby"),
    ):
        run.step()
    assert (own_keys(source), own_keys(target)) == ([b"uplift:follow:lease"], [])


def test_another_engines_lease_is_joined_only_with_standby(servers: Servers, tmp_path: Path) -> None:
    with (
        begun(follow_request(*servers, stands_by=True), tmp_path / "none") as run,
        pytest.raises(NotSafe, match="--standby: no engine holds"),
    ):
        run.step()
    with begun(follow_request(*servers), tmp_path / "first") as first:
        drive(first, until=in_sync(first))
    with begun(follow_request(*servers), tmp_path / "second") as second, pytest.raises(NotSafe, match="holds the lease of another run"):
        second.step()


@pytest.mark.parametrize(
    ("which", "value", "silent"),
    [
        (0, "", "no key event came back: notify-keyspace-events is empty or lacks E"),
        (1, "KA", "no key event came back: notify-keyspace-events is empty or lacks E"),
        (0, "Eg$lshx", r"has E and \$lshgx, and lacks z \(sorted sets\)"),
        (1, "Eg$lshzx", r"lacks t \(streams\)"),
        (1, "E$lshztx", r"lacks g \(commands of every type\)"),
        (0, "Eg$lshz", r"lacks x \(expired keys\)"),
    ],
)
def test_events_that_are_off_are_named(servers: Servers, tmp_path: Path, which: int, value: str, silent: str) -> None:
    servers[which].set_config("notify-keyspace-events", value)
    name = ["source", "cache"][which]
    with (
        begun(follow_request(*servers), tmp_path / "state") as run,
        pytest.raises(
            NotSafe, match=rf"^{name} \(127.0.0.1:\d+\) database 0: .*{silent}.*set notify-keyspace-events in the parameter group"
        ),
    ):
        run.step()
    assert (own_keys(servers[0]), own_keys(servers[1])) == ([], [])


@pytest.mark.long
def test_servers_and_directories_that_must_not_be_used(servers: Servers, start_redis: StartRedis, tmp_path: Path) -> None:
    source, target = servers
    cases: list[tuple[FollowRequest, str]] = []
    replica = start_redis("3.2.6")
    replica.follow(source)
    cases.append(
        (follow_request(replica, target), "--from .* is a replica, allowed: its primary: on a replica an expired key looks deleted")
    )
    cases.append((follow_request(source, source), "is the same server as --from"))
    moved = KeyMap.model_validate(
        {
            **SESSIONS.model_dump(mode="json"),
            "rules": [
                *SESSIONS.model_dump(mode="json")["rules"],
                {"name": "jobs", "match": {"prefix": "queue:"}, "to": "cache", "action": "handover", "source": "t", "reason": "t"},
            ],
        }
    )
    cases.append((follow_request(source, target, moved), "a destination of Sidekiq's is never followed"))
    for number, (request, reason) in enumerate(cases):
        with begun(request, tmp_path / f"{number}") as run, pytest.raises(BadInput, match=reason):
            run.step()

    source.client.set("unknown", "no rule")
    with begun(follow_request(*servers), tmp_path / "state") as run:
        with pytest.raises(BadInput, match="another engine has it, allowed: one at a time"):
            FollowRun(follow_request(*servers), tmp_path / "state")
        with pytest.raises(Exception, match="1 keys match no rule of the key map"):
            drive(run, until=in_sync(run))
    other = FollowRequest(endpoint(source), (TargetUrl("cache", endpoint(replica), None),), SESSIONS)
    with pytest.raises(BadInput, match="it belongs to another follow: target cache differ"):
        FollowRun(other, tmp_path / "state")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "something").write_text("")
    with pytest.raises(BadInput, match="it holds something else"):
        FollowRun(follow_request(*servers), tmp_path / "full")


def test_a_target_that_is_away_at_the_start_leaves_nothing_open(servers: Servers, tmp_path: Path) -> None:
    request, path = follow_request(*servers), tmp_path / "state"
    proxy = Proxy(ProxyLoop(), "127.0.0.1", free_port(), servers[1].port)
    away = FollowRequest(request.source, (TargetUrl("cache", Endpoint("127.0.0.1", proxy.port), None),), SESSIONS)
    with begun(away, path) as run:
        drive(run, until=in_sync(run))
    with begun(away, path) as run:
        run.step()
        proxy.cut()
        with pytest.raises(SourceUnreachable):
            run.step()
        proxy.open()
    with begun(away, path) as run:
        drive(run, until=in_sync(run))
    proxy.close()


def test_keys_that_are_on_a_target_already_are_refused(servers: Servers, tmp_path: Path) -> None:
    servers[1].client.set("session:1", "somebody else's")
    with (
        begun(follow_request(*servers), tmp_path / "state") as run,
        pytest.raises(NotSafe, match=r"1 keys are on a target already.*empty the target"),
    ):
        drive(run, until=in_sync(run))
    assert servers[1].client.get("session:1") == b"somebody else's"
