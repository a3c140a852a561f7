"""One drawn split, from three servers to a verdict."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rehearsal.cloud.elasticache.endpoint_proxy import Endpoint, ProxyLoop
from rehearsal.cloud.elasticache.redis_server import RedisServer, free_port
from rehearsal.run.installed_tools import ROOT, InstalledTools
from tests.split.drawn.application import Journal, Process, client_of
from tests.split.driven import KEYMAP
from uplift.cli.split.asking import asked_and_answered, state_at
from uplift.errors import UpliftError
from uplift.keyspace.keymap.key_label import KeyLabels
from uplift.keyspace.keymap.known_words import words_of
from uplift.split.record.asked import Change, HookWord, Options, Wish
from uplift.split.record.steps import StepName
from uplift.split.status.split_status import SplitStatus

LONGEST_SECONDS = 150.0
_NAMES = ("legacy", "app-cache", "sidekiq")
FAULTS = ("kill leader", "kill standby", "stop leader", "cut legacy", "cut app-cache", "cut sidekiq", "events off", "kill both")


class Stuck(Exception):
    """It did not come to its end."""


@dataclass
class DrawnSplit:
    """`told` is what happened, for whoever looks at a failure."""

    seed: int
    folder: Path
    told: list[str] = field(default_factory=list)
    engines: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def run(self) -> list[str]:
        """What is wrong, a line each."""
        self.rng, self.deadline = random.Random(self.seed), time.monotonic() + LONGEST_SECONDS
        self.folder.mkdir(parents=True, exist_ok=True)
        self.state = self.folder / "state"
        with ExitStack() as stack:
            binaries = InstalledTools().redis_servers
            self.servers = {
                name: RedisServer(version, binaries[version], self.folder / name)
                for name, version in zip(_NAMES, ("3.2.6", "5.0.6", "5.0.6"), strict=True)
            }
            for server in self.servers.values():
                stack.callback(server.stop)
                server.set_config("notify-keyspace-events", "EA")
                server.client.connection_pool.connection_kwargs["client_name"] = "test"
                server.client.connection_pool.reset()
            self.servers["sidekiq"].set_config("maxmemory-policy", "noeviction")
            loop = ProxyLoop()
            self.proxies = {name: Endpoint(loop, "127.0.0.1", free_port(), server.port) for name, server in self.servers.items()}
            for proxy in self.proxies.values():
                stack.callback(proxy.close)
            stack.callback(self._kill_all)
            try:
                return self._whole()
            except Stuck as stuck:
                return [f"stuck: {stuck}"]

    def _whole(self) -> list[str]:
        ports = {name: server.port for name, server in self.servers.items()}
        journal = Journal()
        webs = [Process(number, False, ports, self.state, journal, self.seed) for number in range(3)]
        workers = [Process(number, True, ports, self.state, journal, self.seed) for number in range(3, 5)]
        everybody = [*webs, *workers]
        for one in everybody:
            one.start()
        try:
            self._engine()
            self._wait("a record", (self.state / "split.json").exists)
            self._engine(stands_by=True)
            self._wait("armed", lambda: self._phase() == "armed")
            faults = self.rng.choices(FAULTS, k=self.rng.randrange(4))
            self._some_fault(faults)
            self._say(Wish.GO)
            ends_with_back = self.rng.random() < 0.35
            turned = self.rng.sample(everybody, len(everybody) if not ends_with_back else self.rng.randrange(1, len(everybody) + 1))
            self._restart_all(turned, faults)
            if ends_with_back:
                self._say(Wish.BACK)
                self._restart_all([one for one in everybody if one.side == "new"], faults)
            while faults:
                self._some_fault(faults)
        finally:
            for one in everybody:
                one.stop()
        (self.folder / "cron").touch()
        self._end(Wish.ABANDON if ends_with_back else Wish.FINISH)
        return self._judged(journal, "old" if ends_with_back else "new")

    def _restart_all(self, processes: list[Process], faults: list[str]) -> None:
        for one in processes:
            time.sleep(self.rng.random() * 0.8)
            if faults and self.rng.random() < 0.4:
                self._some_fault(faults)
            self.told.append(f"{time.time():.3f} restart {one.number}")
            one.restart()

    def _end(self, wish: Wish) -> None:
        self._wait(f"{wish.value} is allowed", lambda: self._can(wish))
        self.named = self._status().follow.labels if self._status().follow is not None else {}  # type: ignore[union-attr]
        self.secret = json.loads((self.state / "split.json").read_text())["secret"]
        self._say(wish)

    def _say(self, wish: Wish) -> None:
        """As an operator, until it is done: what was refused or undone is asked for again."""
        word: HookWord | None = None
        while True:
            if word is None:
                self._wait(f"{wish.value} is allowed", lambda: self._can(wish))
            try:
                state = state_at(self.state)
                before = (state.status.stage, self._pointer())
                answer = asked_and_answered(state, wish, Options(hook=word), self.told.append)
            except UpliftError as problem:
                self.told.append(str(problem))
                time.sleep(0.3)
                self._check_time(wish.value)
                continue
            self.told.append(f"{time.time():.3f} {answer.change.value}: {answer.text}")
            self._check_time(wish.value)
            record = json.loads((self.state / "split.json").read_text())
            if answer.change is Change.CHANGED:
                return
            if (
                answer.change is Change.NOTHING
                and (record["stage"], self._pointer()) != (before[0].value, before[1])
                and record["unfinished"] is None
            ):
                raise Stuck(f"{wish.value} said that nothing was changed: {before} became {record['stage']}, {self._pointer()}")
            unfinished = record["unfinished"]
            word = HookWord.DONE if unfinished is not None and unfinished["step"] == StepName.HOOK.value else None
            time.sleep(0.3)

    def _pointer(self) -> str:
        return str(json.loads((self.state / "pointer.json").read_text())["side"])

    def _some_fault(self, faults: list[str]) -> None:
        if not faults:
            return
        fault = faults.pop()
        self.told.append(f"{time.time():.3f} fault: {fault}")
        leader = self._leader()
        others = [one for one in self.engines if one.poll() is None and one is not leader]
        seconds = self.rng.uniform(0.5, 4)
        match fault.split():
            case ["kill", "leader"]:
                self._kill([leader] if leader is not None else [], seconds)
            case ["kill", "standby"]:
                self._kill(others[:1], seconds)
            case ["kill", "both"]:
                self._kill([one for one in self.engines if one.poll() is None], seconds)
            case ["stop", "leader"] if leader is not None:
                os.kill(leader.pid, signal.SIGSTOP)
                time.sleep(seconds * 1.5)
                with suppress(ProcessLookupError):
                    os.kill(leader.pid, signal.SIGCONT)
            case ["cut", name]:
                self.proxies[name].cut()
                time.sleep(seconds)
                self.proxies[name].open()
            case ["events", "off"]:
                self.servers["app-cache"].set_config("notify-keyspace-events", "")
                time.sleep(seconds)
                self.servers["app-cache"].set_config("notify-keyspace-events", "EA")

    def _kill(self, engines: list[subprocess.Popen[bytes]], seconds: float) -> None:
        for one in engines:
            one.kill()
            one.wait()
        time.sleep(seconds)
        for _ in engines:
            self._engine(stands_by=any(one.poll() is None for one in self.engines))

    def _engine(self, *, stands_by: bool = False) -> None:
        number = len(self.engines) + 1
        said = {
            "state": str(self.state),
            "ports": {name: server.port for name, server in self.servers.items()},
            "engine_ports": {name: proxy.port for name, proxy in self.proxies.items()},
            "stands_by": stands_by,
            "on_go": "false" if self.seed % 7 == 0 else None,
            "cron": str(self.folder / "cron"),
        }
        path = self.folder / f"engine-{number}.json"
        path.write_text(json.dumps(said))
        with (self.folder / f"engine-{number}.log").open("wb") as log:
            command = [sys.executable, "-m", "tests.split.drawn.engine_process", str(path)]
            self.engines.append(subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log))

    def _status(self) -> SplitStatus:
        return state_at(self.state).status

    def _leader(self) -> subprocess.Popen[bytes] | None:
        try:
            pid = int(self._status().engine.rpartition("-")[2])
        except UpliftError:
            return None
        return next((one for one in self.engines if one.pid == pid and one.poll() is None), None)

    def _phase(self) -> str:
        try:
            return self._status().phase.value
        except UpliftError:
            return ""

    def _can(self, wish: Wish) -> bool:
        try:
            state = state_at(self.state)
        except UpliftError:
            return False
        return state.age_seconds < 3 and wish.value in state.status.can and state.status.can[wish.value].is_allowed

    def _wait(self, what: str, is_so: Callable[[], bool]) -> None:
        while not is_so():
            self._check_time(what)
            time.sleep(0.05)

    def _check_time(self, what: str) -> None:
        if time.monotonic() > self.deadline:
            status: Any = None
            with suppress(UpliftError):
                status = self._status()
            raise Stuck(f"{what} did not come: {status and (status.phase, status.why, status.can, status.problem)}")

    def _kill_all(self) -> None:
        for one in self.engines:
            with suppress(ProcessLookupError):
                os.kill(one.pid, signal.SIGCONT)
            one.kill()
            one.wait()

    def _judged(self, journal: Journal, side: str) -> list[str]:
        cache, jobs = ("legacy", "legacy") if side == "old" else ("app-cache", "sidekiq")
        labels = KeyLabels(bytes.fromhex(self.secret), words_of(KEYMAP))
        client = client_of(self.servers[cache].port, "test")
        wrong = []
        for key, value in sorted(journal.strict.items()):
            found = client.get(key)
            if (None if found is None else found.decode()) != value and labels.label(key.encode()) not in self.named:
                wrong.append(f"silent loss: {key}: {found!r}, acknowledged {value!r}")
        wrong += _jobs_wrong(journal, client_of(self.servers[jobs].port, "test"))
        own = {name: list(server.client.scan_iter("uplift:*")) for name, server in self.servers.items()}
        return wrong + [f"own keys stay on {name}: {found}" for name, found in own.items() if found]


def _jobs_wrong(journal: Journal, client: Any) -> list[str]:
    there = [int(json.loads(one)["args"][0]) for one in (*client.lrange("queue:default", 0, -1), *client.zrange("retry", 0, -1))]
    accounted = {*journal.ran, *there}
    lost = journal.pushed - accounted
    twice = (
        {number for number, times in journal.ran.items() if times > 1}
        | (journal.ran.keys() & set(there))
        | {n for n in there if there.count(n) > 1}
    )
    return [f"job lost: {one}" for one in sorted(lost)[:5]] + [f"job twice: {one}" for one in sorted(twice)[:5]]
