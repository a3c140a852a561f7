"""inventory, copy, verify, keymap check and clean as a user meets them: output, exit codes, files, and no key name anywhere."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import trustme

from rehearsal.cloud.elasticache.endpoint_proxy import Endpoint as Proxy
from rehearsal.cloud.elasticache.endpoint_proxy import ProxyLoop
from rehearsal.cloud.elasticache.redis_server import RedisServer
from rehearsal.run.installed_tools import InstalledTools
from tests.conftest import StartRedis

UPLIFT = str(Path(sys.executable).parent / "uplift")
TOKEN = "ZxY0SecretToken9aBcDeFgHiJkLmNoPqRsTuVwXyZ"
KEYMAP = ["--keymap", "config/keyspace.yaml"]
# vets-api's own map copies to one destination only.
_COPIES_TO_TWO = """
version: 1
destinations: [app-cache, sidekiq]
rules:
  - {name: sessions, match: {prefix: "vets-api-session:"}, to: app-cache, source: test, reason: test}
  - {name: users, match: {prefix: "users_b:"}, to: app-cache, source: test, reason: test}
  - {name: queues-of-jobs, match: {prefix: "queue:"}, to: sidekiq, action: handover, source: test, reason: test}
  - {name: queue-names, match: {exact: queues}, to: sidekiq, source: test, reason: test}
  - {name: statistics, match: {prefix: "stat:"}, to: sidekiq, source: test, reason: test}
"""


def _uplift(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([UPLIFT, *arguments], capture_output=True, text=True, check=False, env={**os.environ, **environment}, timeout=120)


def _url(server: RedisServer, database: str = "") -> str:
    return f"redis://127.0.0.1:{server.port}{database}"


@pytest.fixture
def servers(start_redis: StartRedis) -> tuple[RedisServer, RedisServer, RedisServer]:
    source = start_redis("3.2.6")
    client = source.client
    client.set(f"vets-api-session:{TOKEN}", "v", ex=1800)
    for number in range(300):
        client.set(f"users_b:{number}", "v" * 50, ex=1800)
        client.set(f"stat:processed:{number}", number)
    client.set("users_b:leak", "v")
    client.rpush("queue:default", "job")
    client.sadd("queues", "default")
    return source, start_redis("5.0.6"), start_redis("5.0.6")


def _to(servers: tuple[RedisServer, RedisServer, RedisServer]) -> list[str]:
    return ["--to", f"app-cache={_url(servers[1])}", "--to", f"sidekiq={_url(servers[2])}"]


@pytest.mark.long
def test_the_whole_way(servers: tuple[RedisServer, RedisServer, RedisServer], tmp_path: Path) -> None:
    source, cache, jobs = servers
    (tmp_path / "keymap.yaml").write_text(_COPIES_TO_TWO)
    way = ["--from", _url(source), *_to(servers), "--keymap", str(tmp_path / "keymap.yaml")]
    state = ["--state", str(tmp_path / "copy.json")]
    outputs = []

    dry = _uplift("copy", *way, *state, "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert "nothing was written" in dry.stdout
    assert "no maxmemory" in dry.stdout or "MB free" in dry.stdout
    assert (cache.client.dbsize(), (tmp_path / "copy.json").exists()) == (0, False)

    copied = _uplift("copy", *way, *state, "--json")
    assert copied.returncode == 0, copied.stderr
    document = json.loads(copied.stdout)
    assert (document["schema"], document["copied"], document["by_rule"]["users"]) == ("uplift.copy/2", 603, 301)
    assert document["left"] == {"queues-of-jobs": {"action": "handover", "keys": 1}}
    assert stat.S_IMODE((tmp_path / "copy.json").stat().st_mode) == 0o600

    equal = _uplift("verify", *way)
    assert equal.returncode == 0, equal.stderr
    assert equal.stdout.startswith(
        "equal: 603 keys compared, 603 equal, 0 missing, 0 extra, 0 value, 0 ttl, 0 wrong side, 0 still changing"
    )

    cache.client.delete(f"vets-api-session:{TOKEN}")
    jobs.client.set("stat:processed:3", "other")
    different = _uplift("verify", *way, *state, "--report", str(tmp_path / "differences"))
    assert different.returncode == 1
    assert "missing: vets-api-session:<text> #" in different.stdout
    assert "on sidekiq: another string" in different.stdout
    assert stat.S_IMODE((tmp_path / "differences").stat().st_mode) == 0o600
    lines = [json.loads(line) for line in (tmp_path / "differences").read_text().splitlines()]
    assert {line["key"] for line in lines} == {f"vets-api-session:{TOKEN}", "stat:processed:3"}

    machine = _uplift("verify", *way, "--json")
    assert json.loads(machine.stdout)["counts"]["missing"] == 1
    repaired = _uplift("verify", *way, *state, "--repair")
    assert repaired.returncode == 0
    assert repaired.stdout.startswith("repaired: 2 written again, 0 deleted; then compared anew\nequal:")
    outputs += [dry, copied, equal, different, machine, repaired]
    for done in outputs:
        assert TOKEN not in done.stdout + done.stderr


@pytest.mark.long
@pytest.mark.parametrize("names_sidekiq", [True, False])
def test_nothing_of_sidekiqs_is_copied(names_sidekiq: bool, servers: tuple[RedisServer, RedisServer, RedisServer], tmp_path: Path) -> None:
    source, cache, jobs = servers
    source.client.zadd("sidekiq-scheduler:pushed:EVSS::Job", {"1587340800": 1587340800})
    way = ["--from", _url(source), *(_to(servers) if names_sidekiq else _to(servers)[:2]), *KEYMAP]
    copied = _uplift("copy", *way, "--state", str(tmp_path / "copy.json"), "--json")
    assert copied.returncode == 0, copied.stderr
    document = json.loads(copied.stdout)
    assert (document["copied"], document["by_rule"]) == (302, {"sessions": 1, "users": 301})
    assert document["left"] == {
        "queue-names": {"action": "handover", "keys": 1},
        "queues-of-jobs": {"action": "handover", "keys": 1},
        "scheduler-dedupe": {"action": "skip", "keys": 1},
        "statistics": {"action": "handover", "keys": 300},
    }
    assert (cache.client.dbsize(), jobs.client.dbsize()) == (302, 0)
    equal = _uplift("verify", *way)
    assert equal.returncode == 0, equal.stderr
    assert equal.stdout.startswith("equal: 302 keys compared, 302 equal, 0 missing, 0 extra")


@pytest.mark.long
def test_an_inventory_for_people_machines_and_browsers(servers: tuple[RedisServer, RedisServer, RedisServer], tmp_path: Path) -> None:
    source = servers[0]
    source.client.set("Unheard-Of:1", "v")
    page, names, file = tmp_path / "inventory.html", tmp_path / "names", tmp_path / "dump.rdb"
    source.save_to(file)
    live = _uplift("inventory", "--from", _url(source), *KEYMAP, "--html", str(page), "--names", str(names))
    assert live.returncode == 0, live.stderr
    assert "users_b:<number>" in live.stdout
    assert "no TTL" in live.stdout and "TTL mostly" in live.stdout
    assert "1 (should expire)" in live.stdout
    assert "no rule: 1 keys, such as <text>:<number> #" in live.stdout
    text = page.read_text()
    assert "<svg" in text and "users_b:&lt;number&gt;" in text
    assert "no TTL" in text and "TTL mostly" in text
    assert "http://" not in text and "https://" not in text and "<script" not in text
    assert TOKEN not in text + live.stdout + live.stderr
    assert names.read_text() == "Unheard-Of:1\n"
    assert stat.S_IMODE(names.stat().st_mode) == 0o600

    of_server = json.loads(_uplift("inventory", "--from", _url(source), *KEYMAP, "--json").stdout)
    of_file = json.loads(_uplift("inventory", "--rdb", str(file), *KEYMAP, "--json").stdout)
    assert (of_server["schema"], of_server["keys"], of_server["unmatched"]) == ("uplift.inventory/2", 605, 1)
    # Schema 1 keeps its names.
    assert sum(of_server["keys_by_ttl"].values()) == 605 and "none" in of_server["keys_by_ttl"]

    def counts(document: dict[str, Any]) -> dict[str, tuple[int, object]]:
        return {entry["pattern"]: (entry["keys"], entry["types"]) for entry in document["patterns"]}

    assert counts(of_server) == counts(of_file)
    sampled = json.loads(_uplift("inventory", "--from", _url(source), *KEYMAP, "--json", "--sample", "10").stdout)
    assert counts(sampled) == counts(of_server)
    assert sum(entry["sized"] for entry in sampled["patterns"]) < 70
    only = json.loads(_uplift("inventory", "--from", _url(source), *KEYMAP, "--json", "--only", "users").stdout)
    assert {entry["rule"] for entry in only["patterns"]} == {"users"}


@pytest.mark.long
def test_keymap_check(servers: tuple[RedisServer, RedisServer, RedisServer], tmp_path: Path) -> None:
    source = servers[0]
    alone = _uplift("keymap", "check")
    assert (alone.returncode, alone.stdout.split(":")[0]) == (0, "config/keyspace.yaml")
    covered = _uplift("keymap", "check", "--from", _url(source))
    assert covered.returncode == 0, covered.stderr
    assert "should expire, by rule users: users_b:<word> 1 keys" in covered.stdout
    source.client.set("Unheard-Of:1", "v")
    uncovered = _uplift("keymap", "check", "--from", _url(source))
    assert uncovered.returncode == 1
    assert "no rule: <text>:<number> 1 keys (string)" in uncovered.stdout
    (tmp_path / "map.yaml").write_text(Path("config/keyspace.yaml").read_text().replace('overlaps: ["*"]', ""))
    unsound = _uplift("keymap", "check", str(tmp_path / "map.yaml"), "--json")
    assert unsound.returncode == 2
    assert json.loads(unsound.stdout)["problems"][0]["rule"] == "process-heartbeats"


@pytest.mark.long
def test_clean_removes_what_a_dead_run_left(servers: tuple[RedisServer, RedisServer, RedisServer]) -> None:
    _, cache, jobs = servers
    for name in ("uplift:temporary:aaaa:new", "uplift:temporary:bbbb:old", "uplift:follow:lease", "mine"):
        cache.client.rpush(name, *range(2_000))
    looked = _uplift("clean", *_to(servers), "--dry-run")
    assert looked.stdout == "app-cache: 2 temporary keys found\nsidekiq: 0 temporary keys found\n"
    assert _uplift("clean", *_to(servers), "--run", "aaaa").stdout.startswith("app-cache: 1 temporary keys removed")
    assert json.loads(_uplift("clean", *_to(servers), "--json").stdout)["temporary_keys"] == {"app-cache": 1, "sidekiq": 0}
    assert set(cache.client.scan_iter()) == {b"mine", b"uplift:follow:lease"}
    assert jobs.client.dbsize() == 0


@pytest.mark.long
def test_ctrl_c_says_how_to_go_on_and_the_same_command_does(servers: tuple[RedisServer, RedisServer, RedisServer], tmp_path: Path) -> None:
    source, cache, _ = servers
    pipeline = source.client.pipeline(transaction=False)
    for number in range(20_000):
        pipeline.set(f"users_b:{number}", "v" * 100)
    pipeline.execute()
    command = ["copy", "--from", _url(source), *_to(servers), *KEYMAP, "--state", str(tmp_path / "state")]
    # Slow enough that it cannot end by itself before the signal comes, however late that is.
    process = subprocess.Popen([UPLIFT, *command, "--throttle", "200"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while cache.client.dbsize() < 500:
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=180)
    assert process.returncode == 1
    assert "stopped; what was committed stays. The same command goes on from there" in errors
    assert "Traceback" not in errors
    again = _uplift(*command, "--json")
    assert again.returncode == 0, again.stderr
    assert "going on after" in again.stderr
    assert json.loads(again.stdout)["by_rule"]["users"] == 20_001
    assert _uplift("verify", "--from", _url(source), *_to(servers), *KEYMAP).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--from", "http://x", "--to", "redis://x"], "--from: scheme 'http', allowed: redis://host:port/database or rediss:// for TLS"),
        (["--from", "redis://x:99999", "--to", "redis://x"], "--from: no host or no port from 1 to 65535, allowed"),
        (["--from", "redis://:pw@x?ca=/nowhere", "--to", "redis://x"], "--from: ca without TLS, allowed: only with rediss://"),
        (["--from", "rediss://:pw@x?ca=/nowhere", "--to", "redis://x"], "--from: ca=(not shown): no such file"),
        (["--from", "redis://x?colour=red", "--to", "redis://x"], "--from: unknown setting 'colour', allowed: ca, server_name"),
        (["--from", "redis://x/a", "--to", "redis://x"], "--from: database 'a', allowed: a number from 0"),
        (["--from", "redis://x/1", "--db", "2", "--to", "redis://x"], "--from names database 1 and --db 2"),
        (
            ["--from", "redis://x?password_env=NOT_THERE", "--to", "redis://x"],
            "--from: password_env=NOT_THERE: no such environment variable",
        ),
        (["--from", "redis://x", "--to", "redis://x", "--to", "redis://y"], "--to target was given twice"),
        (["--from", "redis://x", "--to", "redis://x", *KEYMAP], "--to has no name, allowed: NAME=URL"),
        (["--from", "redis://x", "--to", "a=redis://x", "--keymap", "nowhere.yaml"], "nowhere.yaml: No such file or directory"),
        (["--from", "redis://x", "--to", "redis://x", "--replace", "--skip-existing"], "exclude each other"),
        (["--from", "redis://x", "--to", "redis://x", "--state", "/nowhere/state"], "--state /nowhere/state: No such file or directory"),
    ],
)
def test_bad_input_is_one_line_and_2(arguments: list[str], message: str) -> None:
    done = _uplift("copy", *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert ":pw" not in done.stderr


@pytest.mark.long
def test_damaged_and_foreign_files_are_one_line_and_2(tmp_path: Path) -> None:
    path = tmp_path / "f.rdb"
    for content, message in (
        (b"REDIS0009\x00\x05ab", "damaged at byte"),
        (b"REDIS0013\xff", "Redis RDB version 13, allowed: 2 to 12"),
        (b"not at all", "no RDB file"),
    ):
        path.write_bytes(content)
        done = _uplift("inventory", "--rdb", str(path))
        assert done.returncode == 2, done.stderr
        assert message in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_a_server_that_is_not_there_is_one_line_and_1(start_redis: StartRedis) -> None:
    server = start_redis("3.2.6")
    url = _url(server)
    server.stop()
    done = _uplift("inventory", "--from", url)
    assert done.returncode == 1
    assert "cannot be reached" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_only_one_copy_goes_on_from_a_state(servers: tuple[RedisServer, RedisServer, RedisServer], tmp_path: Path) -> None:
    from uplift.keyspace.copy.state import locked

    with locked(tmp_path / "state"):
        done = _uplift("copy", "--from", _url(servers[0]), *_to(servers), *KEYMAP, "--state", str(tmp_path / "state"))
    assert done.returncode == 2
    assert "another copy is using it" in done.stderr


@pytest.mark.long
@pytest.mark.parametrize(("source_version", "target_version"), [("3.2.6", "5.0.6"), ("5.0.6", "3.2.6")])
def test_through_tls_with_a_token(source_version: str, target_version: str, installed_tools: InstalledTools, tmp_path: Path) -> None:
    """Both ends behind a TLS proxy that asks for a token, as ElastiCache does.

    Not proved by a proxy: ElastiCache's own ciphers and certificates, its cluster endpoints, and what TLS costs a node.
    """
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    loop = ProxyLoop()
    nodes, proxies = [], []
    try:
        for name, version in (("source", source_version), ("target", target_version)):
            node = RedisServer(version, installed_tools.redis_servers[version], tmp_path / name, password=f"{name}-token-0123456789")
            nodes.append(node)
            free = socket.socket()
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
            free.close()
            proxies.append(Proxy(loop, "127.0.0.1", port, node.port, context))
        for number in range(500):
            nodes[0].client.set(f"users_b:{number}", f"{number:050}", ex=1800)
        nodes[0].client.rpush("big", *range(20_000))
        urls = [
            f"rediss://localhost:{proxies[0].port}?ca={tmp_path / 'ca.pem'}&password_env=SOURCE_TOKEN",
            f"rediss://default:target-token-0123456789@127.0.0.1:{proxies[1].port}?ca={tmp_path / 'ca.pem'}&server_name=localhost",
        ]
        way = ["--from", urls[0], "--to", urls[1], "--state", str(tmp_path / "state")]
        done = _uplift("copy", *way, "--json", SOURCE_TOKEN="source-token-0123456789")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["copied"] == 501
        verified = _uplift("verify", *way, SOURCE_TOKEN="source-token-0123456789")
        assert verified.returncode == 0, verified.stdout + verified.stderr
        # A wrong name, no authority, a wrong token and plain Redis are each one line.
        wrong_name = _uplift("inventory", "--from", urls[0].replace("localhost", "127.0.0.1"), SOURCE_TOKEN="source-token-0123456789")
        assert (wrong_name.returncode, len(wrong_name.stderr.splitlines())) == (1, 1)
        assert "certificate verify failed" in wrong_name.stderr
        untrusted = _uplift("inventory", "--from", f"rediss://localhost:{proxies[0].port}?password_env=SOURCE_TOKEN", SOURCE_TOKEN="x")
        assert "certificate verify failed" in untrusted.stderr
        insecure = f"rediss://127.0.0.1:{proxies[0].port}?insecure=true&password_env=SOURCE_TOKEN"
        assert _uplift("inventory", "--from", insecure, SOURCE_TOKEN="source-token-0123456789").returncode == 0
        refused = _uplift("inventory", "--from", insecure, SOURCE_TOKEN="wrong-token-000000")
        assert (refused.returncode, "refuses the password" in refused.stderr) == (2, True)
        missing = _uplift("inventory", "--from", insecure.replace("&password_env=SOURCE_TOKEN", ""))
        assert (missing.returncode, "asks for a password" in missing.stderr) == (2, True)
        for output in (done, verified, wrong_name, untrusted, refused):
            assert "token-0" not in output.stdout + output.stderr
    finally:
        for proxy in proxies:
            proxy.close()
        for node in nodes:
            node.stop()
