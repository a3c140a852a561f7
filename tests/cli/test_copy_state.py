"""Where a copy writes down how far it is, and what options name servers, rules and nodes that cannot be."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from rehearsal.cloud.elasticache.redis_server import RedisServer, free_port
from rehearsal.run.installed_tools import InstalledTools
from tests.conftest import StartRedis
from uplift.cli.options.state_file import default_state_path
from uplift.errors import BadInput
from uplift.keyspace.keymap.model import one_target_takes_all
from uplift.keyspace.server.endpoint import Endpoint
from uplift.keyspace.server.source_and_targets import Scope, TargetUrl

UPLIFT = str(Path(sys.executable).parent / "uplift")


def _uplift(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HOME": str(home)}
    environment.pop("XDG_STATE_HOME", None)
    return subprocess.run([UPLIFT, *arguments], capture_output=True, text=True, check=False, env=environment, timeout=120)


def _url(server: RedisServer) -> str:
    return f"redis://127.0.0.1:{server.port}"


def test_each_pair_has_a_state_of_its_own_and_a_finished_one_never_blocks(start_redis: StartRedis, tmp_path: Path) -> None:
    source, one, other = start_redis("3.2.6"), start_redis("5.0.6"), start_redis("5.0.6")
    source.client.mset({f"k:{number}": number for number in range(50)})
    folder = tmp_path / ".local/state/uplift"
    for target in (one, other):
        copied = _uplift(tmp_path, "copy", "--from", _url(source), "--to", f"all={_url(target)}")
        assert (copied.returncode, target.client.dbsize()) == (0, 50), copied.stderr
        assert f"state: {folder}/copy-" in copied.stderr
    states = sorted(folder.glob("copy-*.json"))
    assert (len(states), stat.S_IMODE(folder.stat().st_mode), {stat.S_IMODE(path.stat().st_mode) for path in states}) == (2, 0o700, {0o600})
    before = {path: path.read_text() for path in states}
    assert _uplift(tmp_path, "copy", "--from", _url(source), "--to", f"all={_url(one)}", "--dry-run", "--replace").returncode == 0
    assert {path: path.read_text() for path in states} == before
    again = _uplift(tmp_path, "copy", "--from", _url(source), "--to", f"all={_url(one)}", "--replace")
    assert (again.returncode, len(list(folder.glob("*.finished")))) == (0, 1)
    # One that is named is left alone, and named in the refusal.
    named = _uplift(tmp_path, "copy", "--from", _url(source), "--to", f"all={_url(other)}", "--replace", "--state", str(states[0]))
    assert (named.returncode, f"--state {states[0]}: the state of a finished copy" in named.stderr) == (2, True)


def test_delete_extra_takes_the_state_of_the_last_copy_of_these_servers(start_redis: StartRedis, tmp_path: Path) -> None:
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    source.client.mset({"a": 1, "b": 2})
    way = ["--from", _url(source), "--to", _url(target)]
    early = _uplift(tmp_path, "verify", *way, "--repair", "--delete-extra")
    assert (early.returncode, "--delete-extra: no finished copy of these servers is written down" in early.stderr) == (2, True)
    assert _uplift(tmp_path, "copy", *way).returncode == 0
    source.client.delete("a")
    assert _uplift(tmp_path, "verify", *way, "--repair", "--delete-extra").returncode == 0
    assert target.client.keys() == [b"b"]
    missing = _uplift(tmp_path, "verify", *way, "--state", "/nonexist")
    assert (missing.returncode, missing.stderr) == (2, "--state /nonexist: no such file, allowed: the state that `uplift copy` wrote\n")


def _scope(**changes: object) -> Scope:
    first = {
        "source": Endpoint("here", 6379),
        "targets": (TargetUrl("a", Endpoint("there", 6379), None), TargetUrl("b", Endpoint("over-there", 6379), None)),
        "keymap": one_target_takes_all("a"),
        "databases": (0, 3),
    }
    return Scope(**{**first, **changes})  # type: ignore[arg-type]


def test_a_path_is_that_of_its_pair() -> None:
    environment = {"HOME": "/home/me"}
    path = default_state_path(_scope(), environment)
    same = _scope(targets=_scope().targets[::-1], databases=(3, 0))
    assert default_state_path(same, environment) == path
    others = [
        _scope(source=Endpoint("here", 6380)), _scope(targets=_scope().targets[:1]), _scope(databases=(0,)),
        _scope(keymap=one_target_takes_all("b")), _scope(only=("everything",)), _scope(exclude=("everything",)),
    ]  # fmt: skip
    assert len({path, *(default_state_path(scope, environment) for scope in others)}) == 7
    assert default_state_path(_scope(), {"HOME": "/home/me", "XDG_STATE_HOME": "/state"}).parent == Path("/state/uplift")
    assert default_state_path(_scope(), {"HOME": "/home/me", "XDG_STATE_HOME": "relative"}).parent == path.parent
    with pytest.raises(BadInput, match="--state: neither XDG_STATE_HOME nor HOME"):
        default_state_path(_scope(), {})


def test_a_home_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    ended = _uplift(tmp_path / "file", "copy", "--from", "redis://127.0.0.1:1", "--to", "redis://127.0.0.1:2")
    assert (ended.returncode, ended.stderr.count("\n"), ended.stderr.startswith("--state: the folder")) == (2, 1, True)


@pytest.mark.parametrize("state", ["", ".", "/", "no/such/folder/state", "/dev/full/state"])
def test_a_state_that_cannot_be_is_one_line(state: str) -> None:
    ended = _uplift(Path.home(), "copy", "--from", "redis://127.0.0.1:1", "--to", "redis://127.0.0.1:2", "--state", state)
    assert (ended.returncode, ended.stderr.count("\n"), ended.stderr.startswith("--state ")) == (2, 1, True), ended.stderr


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"secret": "not hexadecimal"}, "secret: String should match pattern"),
        ({"run": "../../etc"}, "run: String should match pattern"),
        ({"databases": {"0": {"cursors": []}}}, "databases.0.cursors: List should have at least 1 item"),
        ({"databases": {"0": {"cursors": [None]}}}, "databases.0.cursors: 1 cursors, allowed: 2"),
        ({"databases": {"0": {"cursors": [-5, 1]}}}, "databases.0.cursors.0: Input should be greater than or equal to 0"),
        ({"schema": "uplift.copy.state/1"}, "schema 'uplift.copy.state/1', allowed: uplift.copy.state/2"),
    ],
)
def test_a_state_that_was_tampered_with_is_one_line(
    change: dict[str, object], message: str, start_redis: StartRedis, tmp_path: Path
) -> None:
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    source.client.set("k", "v")
    state = tmp_path / "state"
    way = ["copy", "--from", _url(source), "--to", _url(target), "--state", str(state), "--replace"]
    assert _uplift(tmp_path, *way).returncode == 0
    state.write_text(json.dumps({**json.loads(state.read_text()), "finished": False, **change}))
    ended = _uplift(tmp_path, *way)
    assert (ended.returncode, ended.stderr.startswith(f"--state {state}: {message}"), ended.stderr.count("\n")) == (2, True, 1), (
        ended.stderr
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--to", "app-cache=redis://x", "--to", "other=redis://y"],
            "--to other: no destination of the key map, allowed: app-cache, sidekiq",
        ),
        (
            ["--to", "app-cache=redis://x", "--to", "sidekiq=redis://y", "--only", "users", "--exclude", "users"],
            "--only users --exclude users: a rule is wanted or not, allowed: one of the two",
        ),
        (["--to", ":Secret=x@h"], "--to: no name before =, allowed: NAME=URL"),
        (["--to", "Secret=x@h"], "--to: scheme '', allowed"),
    ],
)
def test_what_names_nothing_is_refused(arguments: list[str], message: str, tmp_path: Path, start_redis: StartRedis) -> None:
    source = _url(start_redis("3.2.6"))
    ended = _uplift(tmp_path, "copy", "--from", source, "--keymap", "config/keyspace.yaml", *arguments)
    assert (ended.returncode, ended.stderr.startswith(message)) == (2, True), ended.stderr


class _InClusterMode(RedisServer):
    def _options(self) -> list[str]:
        # Its bus listens 10,000 ports higher.
        while self.port >= 55_000:
            self.port = free_port()
        return [*super()._options(), "--cluster-enabled", "yes"]


def test_an_inventory_of_a_shard_says_that_it_is_a_part(tmp_path: Path) -> None:
    server = _InClusterMode("5.0.6", InstalledTools().redis_servers["5.0.6"], tmp_path / "redis")
    try:
        page = tmp_path / "page.html"
        shown = _uplift(tmp_path, "inventory", "--from", _url(server), "--html", str(page))
        assert "these are the keys of its shard, not of the whole cluster" in shown.stdout
        assert "these are the keys of its shard" in page.read_text()
        document = json.loads(_uplift(tmp_path, "inventory", "--from", _url(server), "--json").stdout)
        assert (document["schema"], document["is_part_of_cluster"]) == ("uplift.inventory/2", True)
    finally:
        server.stop()
