"""What a handover has on its way are jobs, and what it wrote down decides what is done with them: no other command counts, copies or deletes it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartRedis
from tests.keyspace.everything import endpoint, snapshot
from tests.sidekiq.handover_pair import Pair, job, worker
from tests.sidekiq.sides import push
from uplift.sidekiq.gate.gate import Gate, GateWish
from uplift.sidekiq.gate.servers import GateServers

UPLIFT = str(Path(sys.executable).parent / "uplift")
RUN = b"test"
USERS = 30
# A rule that would take them, if they were anybody's data.
KEYMAP = """
version: 1
destinations: [cache]
rules:
  - {name: mine, match: {prefix: "u"}, to: cache, source: test, reason: test}
  - {name: jobs, match: {prefix: "queue"}, to: cache, action: skip, source: test, reason: test}
  - {name: sets, match: {exact: [retry, schedule, dead, processes, paused]}, to: cache, action: skip, source: test, reason: test}
  - {name: beats, match: {prefix: "host"}, to: cache, action: skip, source: test, reason: test}
"""
KINDS = {"src", "dst", "led", "out", "kept", "held", "gate"}


@pytest.fixture
def pair(start_redis: StartRedis) -> Pair:
    pair = Pair(start_redis("3.2.6"), start_redis("5.0.6"))
    for server in (pair.source, pair.target):
        server.set_config("notify-keyspace-events", "EA")
    for number in range(USERS):
        pair.source.client.set(f"users:{number}", "v", ex=3600)
    return pair


def _begun_and_left(pair: Pair) -> None:
    """A handover with something in every one of its keys: it stops with jobs in an outbox, and one held back."""
    worker(pair.target, 1, ["default"])
    push(pair.source, "default", *[job(number) for number in range(23)])
    pair.source.client.zadd("dead", {job(99): 1})
    pair.target.client.zadd("dead", {job(99): 2})
    may_apply = True
    handover = pair.handover(run=RUN, may_apply=lambda _taken_at: may_apply)
    while not pair.target.client.exists(b"uplift:handover:test:held:dead"):
        handover.step()
    may_apply = False
    push(pair.source, "default", *[job(number) for number in range(100, 110)])
    handover.close()
    handover = pair.handover(run=RUN, may_apply=lambda _taken_at: may_apply)
    while not pair.source.client.keys("uplift:handover:test:out:*"):
        handover.step()
    handover.close()
    gate = Gate(GateServers(endpoint(pair.source), endpoint(pair.target)), RUN, GateWish(time.time() + 600))
    gate.step(time.time())
    gate.forget()


def own(pair: Pair) -> tuple[dict[bytes, Any], ...]:
    sides = (snapshot(server.client) for server in (pair.source, pair.target))
    return tuple({key: seen for key, seen in side.items() if key.startswith(b"uplift:handover:")} for side in sides)


def uplift(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([UPLIFT, *words], capture_output=True, text=True, check=False, timeout=120)


def succeeded(*words: str) -> str:
    done = uplift(*words)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.long
def test_no_other_command_touches_them(pair: Pair, tmp_path: Path) -> None:
    (tmp_path / "keymap.yaml").write_text(KEYMAP)
    source, target = (f"redis://127.0.0.1:{server.port}" for server in (pair.source, pair.target))
    keymap = ["--keymap", str(tmp_path / "keymap.yaml")]
    both, state = ["--from", source, "--to", f"cache={target}", *keymap], ["--state", str(tmp_path / "copy.json")]
    succeeded("copy", *both, *state)
    _begun_and_left(pair)
    before = own(pair)
    kinds = {key.split(b":")[3].decode() for side in before for key in side if key.count(b":") > 2}
    assert kinds >= KINDS, kinds
    pair.target.client.set("users:extra", "v", ex=3600)

    for server in (source, target):
        assert json.loads(succeeded("clean", "--to", f"cache={server}", "--json"))["temporary_keys"] == {"cache": 0}
    counted = succeeded("inventory", "--from", source, *keymap, "--json")
    assert "handover:" not in counted
    assert json.loads(counted)["keys"] == len([key for key in pair.source.client.scan_iter() if not key.startswith(b"uplift:")])
    refused = uplift("verify", *both, "--repair", "--delete-extra", *state)
    assert "was written to since the copy ended" in refused.stderr
    compared = uplift("verify", *both, *state, "--json")
    said = json.loads(compared.stdout)
    assert (said["compared"], {what: count for what, count in said["counts"].items() if count}) == (USERS, {"extra": 1})
    pair.target.client.delete("users:extra")
    succeeded("verify", *both, *state)
    succeeded("copy", *both, "--replace", "--state", str(tmp_path / "again.json"))
    # A follow begins with a target that has none of its keys.
    pair.target.client.delete(*pair.target.client.keys("users:*"))
    succeeded("follow", "run", *both, "--state", str(tmp_path / "follow"), "--until", "in-sync")

    assert set(pair.target.client.keys("users:*")) == {b"users:%d" % number for number in range(USERS)}
    assert own(pair) == before
