"""Which servers slow a follow down, and by which limit."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.keyspace.follow.driven import Servers, begun, drive, follow_request, in_sync
from uplift.keyspace.follow import throttle as throttle_file
from uplift.keyspace.follow.key_state import Side
from uplift.keyspace.follow.live_settings import SettingName
from uplift.keyspace.follow.state_folder import StateFolder


@dataclass
class Probe:
    """Says what a test wants: p99 in seconds by server."""

    servers: list[Any]
    p99: dict[str, float] = field(default_factory=dict)

    def latest(self) -> dict[str, Any]:
        return {server.name: SimpleNamespace(p99=self.p99.get(server.name, 0.0), began_at=float("inf")) for server in self.servers}

    def close(self) -> None:
        pass


def test_targets_count_once_they_serve_and_by_a_limit_of_their_own(
    servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    probes: list[Probe] = []

    def probe(of: list[Any]) -> Probe:
        probes.append(Probe(of))
        return probes[-1]

    monkeypatch.setattr(throttle_file, "LatencyProbe", probe)
    with begun(follow_request(*servers, measures_latency=True), tmp_path / "state") as run:
        drive(run, until=in_sync(run))
        probes[0].p99 = {"cache": 0.008}
        run.set(SettingName.SOURCE_LATENCY, 1)
        looked = run.record.state.revision
        assert not run.targets_serve
        run.targets_serve = True
        drive(run, until=lambda: run.status().throttled is not None)
        throttled = run.status().throttled
        assert throttled is not None
        assert (throttled.limit, throttled.measured) == (5.0, 8.0)
        assert "cache" in throttled.by
        run.targets_serve = False
        assert not run.targets_serve
        run.set_policy(True, Side.SOURCE)
        assert not run.targets_serve
        assert run.record.state.revision > looked


@pytest.mark.parametrize("is_two_way", [False, True])
def test_unless_somebody_says_so_they_serve_once_it_goes_both_ways(servers: Servers, tmp_path: Path, is_two_way: bool) -> None:
    with begun(follow_request(*servers), tmp_path / "state") as run:
        run.set_policy(is_two_way, Side.SOURCE)
        assert run.targets_serve is is_two_way


def test_a_state_from_before_there_was_the_setting_gets_it(servers: Servers, tmp_path: Path) -> None:
    with begun(follow_request(*servers), tmp_path / "state") as run:
        run.set(SettingName.SOURCE_LATENCY, 7)
    path = StateFolder(tmp_path / "state").state_path
    written = json.loads(path.read_text())
    del written["settings"]["target-latency"]
    path.write_text(json.dumps(written))
    with begun(follow_request(*servers), tmp_path / "state") as run:
        values = {name.value: setting.value for name, setting in run.record.settings().items()}
    assert values == {"source-latency": 7.0, "target-latency": 5.0, "pass-share": 0.1, "paused": 0.0}
