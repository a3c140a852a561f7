"""The commands as a user runs them, in drawn situations, against a reader that shares no code with the engine.

A failure names its run: `UPLIFT_RUN=SEED pytest -n0 "tests/keyspace/test_commands_drawn.py::NAME"` runs just that one again.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.conftest import StartRedis
from tests.draws import DRAWS
from tests.keyspace.drawn_data import NO_MAP, SECRET, Map, Seen, differing, draw_map, expected, fill, read_all

pytestmark = pytest.mark.long
UPLIFT = str(Path(sys.executable).parent / "uplift")
SOURCES = ("3.2.6", "3.2.6", "3.2.6", "5.0.6", "8.2.3")
TARGETS = ("5.0.6", "5.0.6", "5.0.6", "3.2.6", "6.2.14", "valkey-9.1.2")
_NEWER = {"3.2.6": TARGETS, "5.0.6": ("5.0.6", "6.2.14", "8.2.3"), "8.2.3": ("8.2.3",)}
RUNS = 75 if DRAWS == "fuzz" else 4


class Run:
    """One drawn situation: servers, key map, data, and the commands on them."""

    def __init__(self, seed: int, start: Callable[[str, str], RedisServer], folder: Path) -> None:
        self.rng = random.Random(seed)
        self.folder = folder / str(seed)
        self.folder.mkdir()
        self.keymap: Map = draw_map(self.rng)
        version = self.rng.choice(SOURCES)
        self.source = start(version, "source")
        self.targets = {name: start(self.rng.choice(_NEWER[version]), name) for name in self.keymap.targets}
        for server in (self.source, *self.targets.values()):
            server.client.flushall()
        self.databases = self.rng.choice([(0,), (0,), (0, 3), (3, 7)])
        self.way = ["--from", f"redis://127.0.0.1:{self.source.port}"]
        for name, server in self.targets.items():
            self.way += ["--to", f"{name}=redis://127.0.0.1:{server.port}"]
        if self.keymap is not NO_MAP:
            self.keymap.write(self.folder / "map.yaml")
            self.way += ["--keymap", str(self.folder / "map.yaml")]
        self.state = ["--state", str(self.folder / "state")]

    def start(self, command: str, *options: str) -> subprocess.Popen[str]:
        arguments = [UPLIFT, command, *self.way, *options]
        return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def end(self, process: subprocess.Popen[str]) -> tuple[int, str]:
        """Exit code and standard output. No traceback, and no name of a key, is ever printed."""
        out, errors = process.communicate(timeout=120)
        assert "Traceback" not in errors, errors
        assert SECRET not in out + errors
        self.said = errors
        return process.returncode, out

    def uplift(self, command: str, *options: str) -> tuple[int, str]:
        return self.end(self.start(command, *options))

    def copy(self, *options: str) -> dict[str, Any]:
        code, out = self.uplift("copy", *self.state, "--json", *options)
        assert code == 0, self.said
        found: dict[str, Any] = json.loads(out)
        return found

    def compare(self, *options: str) -> tuple[int, dict[str, Any]]:
        code, out = self.uplift("verify", "--json", *options)
        return code, json.loads(out)

    def now(self) -> int:
        return int(self.source.client.time()[0]) * 1000

    def wrong(self, wanted: dict[str, Seen], before: dict[str, Seen] | None = None, *, ignore: bytes = b"\xff\xff") -> list[object]:
        """Keys of the targets that are not as they must be: what the source gives, over what was there before."""
        found: list[object] = []
        for name, server in self.targets.items():
            there = {place: entry for place, entry in read_all(server).items() if not place[1].startswith(ignore)}
            must = {**(before or {}).get(name, {}), **wanted[name]}
            found += [(name, place) for place in differing(must, there, self.now() + 4_000)]
        return found


@pytest.fixture
def each_run(start_redis: StartRedis, tmp_path: Path, draws: random.Random) -> Callable[[Callable[[Run], None]], None]:
    """Runs a scenario as often as is wanted, on servers that are started once."""
    servers: dict[tuple[str, str], RedisServer] = {}

    def start(version: str, role: str) -> RedisServer:
        if (version, role) not in servers:
            servers[version, role] = start_redis(version)
        return servers[version, role]

    def run_each(scenario: Callable[[Run], None]) -> None:
        chosen = os.environ.get("UPLIFT_RUN")
        for seed in [int(chosen)] if chosen else [draws.randrange(10**9) for _ in range(RUNS)]:
            try:
                scenario(Run(seed, start, tmp_path))
            except BaseException as problem:
                problem.add_note(f"UPLIFT_RUN={seed}")
                raise

    return run_each


def test_a_copy_is_what_was_promised(each_run: Callable[[Callable[[Run], None]], None]) -> None:
    """On targets that hold some keys, in each mode; keys end while it runs."""

    def scenario(run: Run) -> None:
        fill(run.rng, run.source, run.databases, cold=False)
        seen = read_all(run.source)
        wanted = expected(seen, run.keymap)
        mode = run.rng.choice(["", "--replace", "--skip-existing"])
        for name, server in run.targets.items():
            lasting = sorted(place for place, entry in wanted[name].items() if entry[2] is None or entry[2] > run.now() + 10_000)
            for database, key in run.rng.sample(lasting, min(len(lasting), run.rng.randrange(4))):
                server.connect(database).set(key, b"was there")
        before = {name: read_all(server) for name, server in run.targets.items()}
        kept = sum(len(there) for there in before.values())
        if not mode and kept:
            assert run.uplift("copy", *run.state)[0] == 1
            assert {name: read_all(server) for name, server in run.targets.items()} == before
            mode = "--replace"
        counts = run.copy(*([mode] if mode else []))
        if mode == "--skip-existing":
            assert counts["kept_existing"] == kept
            wanted = {name: {place: entry for place, entry in keys.items() if place not in before[name]} for name, keys in wanted.items()}
        assert run.wrong(wanted, before if mode == "--skip-existing" else None) == []
        total = counts["copied"] + counts["kept_existing"] + counts["expired_or_deleted"]
        everything = expected(seen, run.keymap)
        lasting_keys = sum(1 for keys in everything.values() for entry in keys.values() if entry[2] is None or entry[2] > run.now() + 1_000)
        assert lasting_keys <= total <= sum(map(len, everything.values()))
        assert counts["not_copied"] == {}

    each_run(scenario)


def test_a_copy_that_was_interrupted_goes_on_or_begins_again(each_run: Callable[[Callable[[Run], None]], None]) -> None:
    """Killed when a target holds a drawn number of keys; then perhaps a target is flushed, follows another, or connections are cut."""

    def scenario(run: Run) -> None:
        fill(run.rng, run.source, run.databases, cold=True)
        wanted = expected(read_all(run.source), run.keymap)
        mode = run.rng.choice([[], ["--replace"]])
        for _ in range(run.rng.randrange(1, 3)):
            process = run.start("copy", *run.state, *mode, "--throttle", "200")
            some = run.rng.randrange(1, 1 + sum(map(len, wanted.values())) // 2)
            # Targets may hold so many from the time before; an interpreter that is only starting answers Ctrl-C in its own words.
            while process.poll() is None and not (
                any(client["name"] == "uplift" for client in run.source.client.client_list())
                and sum(_size(server) for server in run.targets.values()) >= some
            ):
                pass
            process.send_signal(run.rng.choice([signal.SIGKILL, signal.SIGINT]))
            run.end(process)
            name = run.rng.choice(list(run.targets))
            match run.rng.choice(["nothing", "flush", "flush one", "scripts"]):
                case "flush":
                    run.targets[name].client.flushall()
                case "flush one":
                    run.targets[name].connect(run.databases[0]).flushdb()
                case "scripts":
                    run.source.client.script_flush()
        if process.returncode == 0:
            (run.folder / "state").unlink()
            mode = ["--replace"]
        counts = run.copy(*mode)
        assert run.wrong(wanted) == []
        assert counts["copied"] == sum(map(len, wanted.values()))
        assert run.compare()[0] == 0

    each_run(scenario)


def _size(server: RedisServer) -> int:
    return sum(entry["keys"] for entry in server.client.info("keyspace").values())


def test_a_comparison_names_each_fault_and_a_repair_mends_it(each_run: Callable[[Callable[[Run], None]], None]) -> None:
    def scenario(run: Run) -> None:
        fill(run.rng, run.source, run.databases, cold=True)
        wanted = expected(read_all(run.source), run.keymap)
        run.copy()
        code, equal = run.compare()
        total = sum(map(len, wanted.values()))
        assert (code, equal["compared"], equal["equal"]) == (0, total, total), equal["found"]
        planted = {}
        for name, server in run.targets.items():
            places = sorted(wanted[name])
            for database, key in run.rng.sample(places, min(len(places), 4)):
                planted[database, _origin(run.keymap, name, key)] = _plant(run.rng, server.connect(database), key)
        report = run.folder / "report"
        code, found = run.compare("--report", str(report), "--rechecks", "1")
        named = {(line["database"], line["key"].encode("latin-1")): line["difference"] for line in map(json.loads, report.open())}
        assert (named, code) == (planted, 1 if planted else 0)
        assert sum(found["counts"].values()) == len(planted)
        # A wrong source with --delete-extra deletes nothing.
        empty = ["--from", f"redis://127.0.0.1:{run.targets[run.keymap.targets[0]].port}"]
        wrong_way = [*empty, *run.way[2:]]
        ended = subprocess.run(
            [UPLIFT, "verify", *wrong_way, *run.state, "--repair", "--delete-extra"], capture_output=True, text=True, check=False
        )
        assert ended.returncode == 2, ended.stderr
        code, repaired = run.compare("--repair")
        assert (code, repaired["repaired"]["refused"]) == (0, [])
        assert run.wrong(wanted) == []

    each_run(scenario)


def _origin(keymap: Map, target: str, name: bytes) -> bytes:
    """The source's name of a target's key, which is what a report has."""
    moved = name.removeprefix(b"moved:")
    return moved if moved != name and keymap.place(moved) == (target, name) else name


def _plant(rng: random.Random, client: Any, key: bytes) -> str:
    """Spoil a key of a target; returns what it must be called."""
    match rng.choice(["missing", "small", "big", "ttl", "nearly"]):
        case "missing":
            client.delete(key)
            return "missing"
        case "small":
            client.delete(key)
            client.set(key, b"spoilt")
            return "value"
        case "big":
            client.delete(key)
            client.rpush(key, *range(2_000))
            return "value"
        case "nearly" if client.type(key) == b"string":
            client.append(key, b"!")
            return "value"
        case "nearly" if client.type(key) == b"zset":
            client.zincrby(key, 1, b"one more")
            return "value"
        case _:
            client.pexpire(key, 5 * 10**6) if client.pttl(key) < 0 else client.persist(key)
            return "ttl"


def test_cold_keys_arrive_beside_writers_and_cuts(each_run: Callable[[Callable[[Run], None]], None]) -> None:
    """Hot keys change type and size all the time, in MULTI, and connections are cut; every other key is right, and the exit code true."""

    def scenario(run: Run) -> None:
        fill(run.rng, run.source, run.databases, cold=True)
        wanted = expected(read_all(run.source), run.keymap)
        stop, problems = threading.Event(), list[BaseException]()
        threads = [
            threading.Thread(target=_change, args=(run.source.connect(run.databases[0]), run.rng.randrange(10**6), stop, problems)),
            threading.Thread(target=_cut, args=([run.source, *run.targets.values()], stop, problems, run.rng.random() < 0.6)),
        ]
        for thread in threads:
            thread.start()
        try:
            code, out = run.uplift("copy", *run.state, "--json")
            verified, _ = run.uplift("verify", "--rechecks", "2")
        finally:
            stop.set()
            for thread in threads:
                thread.join(60)
        assert problems == []
        assert code in {0, 1}
        counts = json.loads(out) if out else {"not_copied": {"stopped": run.said}}
        assert (code == 1) == bool(counts["not_copied"])
        assert verified in {0, 1, 3}
        if out:
            assert run.wrong(wanted, ignore=b"hot:") == []
        else:
            # It gave up: its markers are there until the same command has gone on.
            code, out = run.uplift("copy", *run.state, "--json")
            assert (code in {0, 1}, bool(out)) == (True, True), run.said
        assert run.uplift("verify", "--repair")[0] in {0, 1}
        # What is left can only be hot keys that were deleted on the source, which a repair does not delete.
        code, found = run.compare()
        assert {name for name, count in found["counts"].items() if count} <= {"extra"}
        assert run.wrong(wanted, ignore=b"hot:") == []

    each_run(scenario)


def _change(client: Any, seed: int, stop: threading.Event, problems: list[BaseException]) -> None:
    rng = random.Random(seed)
    try:
        while not stop.is_set():
            key = f"hot:{rng.randrange(12)}"
            at_once = client.pipeline(transaction=True)
            at_once.delete(key)
            match rng.randrange(5):
                case 0:
                    at_once.set(key, b"x" * rng.choice([0, 10, 70_000]), px=rng.choice([None, 5, 50]))
                case 1:
                    at_once.rpush(key, *range(rng.choice([1, 600, 1_500])))
                case 2:
                    at_once.sadd(key, *range(rng.choice([1, 600, 1_500])))
                case 3:
                    at_once.hset(key, "f", "v")
                    at_once.rename(key, f"hot:{rng.randrange(12)}")
            at_once.execute()
    except redis.RedisError as problem:
        problems.append(problem)


def _cut(servers: list[RedisServer], stop: threading.Event, problems: list[BaseException], wanted: bool) -> None:
    """Cut uplift's connections each time it has some, three times in all: more would be a network that is down."""
    cuts = 0
    try:
        while wanted and cuts < 3 and not stop.is_set():
            for server in servers:
                names = [client["addr"] for client in server.client.client_list() if client["name"] == "uplift"]
                for address in names:
                    server.client.execute_command("CLIENT", "KILL", "ADDR", address)
                cuts += bool(names)
            stop.wait(0.3)
    except redis.RedisError as problem:
        problems.append(problem)
