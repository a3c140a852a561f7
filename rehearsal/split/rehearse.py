"""The rehearsal of a split, from three empty servers to a verdict."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.app.dataset import fill
from rehearsal.app.process import WEB_THREADS
from rehearsal.run.application import read_values
from rehearsal.run.installed_tools import ROOT, SOURCE_VERSION, TARGET_VERSION, InstalledTools
from rehearsal.run.key_digests import KeyDigests, read_key_digests
from rehearsal.run.progress_display import ProgressDisplay
from rehearsal.run.rdb_input import RdbFile
from rehearsal.split.measured import percentile, phases_of, stale_ms, writes_by_side
from rehearsal.split.named import read_named
from rehearsal.split.processes import Application, AppProcess, Engines
from rehearsal.split.report import SplitReport, kinds_of_clients, outcome_of
from rehearsal.split.sampling import Sampling
from rehearsal.split.scene import AS_EXPECTED, OUT, Fault, Moment, Scene
from rehearsal.split.servers import Group, SplitServers, start_servers
from rehearsal.split.turned import cron_has_turned
from rehearsal.split.verdict import SplitVerdict, merged, split_verdict
from uplift.errors import UpliftError

_WEBS, _WORKERS = 2, 2
_QUIET_SECONDS = 8.0
_SETTLE_SECONDS = 2.0
_WAIT_SECONDS = 180.0
_LOOK_SECONDS = 0.1
_WRITES_A_REQUEST = 1.9
KEYMAP = ROOT / "config" / "keyspace.yaml"


class RehearsalStuck(UpliftError):
    """The rehearsal waited for something that did not come; what was lost, if anything, is not known."""

    code = "RehearsalStuck"


@dataclass(frozen=True, slots=True)
class SplitOptions:
    """What one rehearsal is asked to do. `seconds`: so long it stays armed before go, and with both sides in use behind it. `rate`: about
    so many writes a second by all of the web; None: as fast as they come.
    """

    out: Path
    keys: int = 20_000
    seed: int = 20200420
    rdb: RdbFile | None = None
    seconds: float = 5.0
    back: bool = False
    faults: tuple[Fault, ...] = ()
    standby: bool = True
    rate: float | None = None


def rehearse_split(options: SplitOptions, display: ProgressDisplay, installed_tools: InstalledTools) -> SplitReport:
    """Do it all and return the report; it is also written to `options.out`."""
    options.out.mkdir(parents=True, exist_ok=True)
    secret = secrets.token_bytes(16)
    with ExitStack() as stack:
        with display.phase("start three servers and their replicas"):
            rdb = options.rdb.path if options.rdb is not None and options.rdb.source_reads_it else None
            servers = start_servers(installed_tools.redis_servers, options.out / "servers", SOURCE_VERSION, TARGET_VERSION, rdb)
        stack.callback(servers.stop)
        report = _Rehearsal(options, display, servers).run(stack)
    (options.out / "report.json").write_text(json.dumps(report.as_json(secret), indent=2) + "\n")
    return report


class _Rehearsal:
    def __init__(self, options: SplitOptions, display: ProgressDisplay, servers: SplitServers) -> None:
        self._options, self._display, self._servers = options, display, servers
        self._state = (options.out / "state").resolve()
        self._application = Application(servers, (options.out / "application").resolve(), self._state, _pause(options.rate))
        chosen = options.faults
        words = tuple(word.replace(OUT, str(options.out.resolve())) for fault in chosen for word in fault.engine_options)
        self._back_at = next((fault.back_at for fault in chosen if fault.back_at is not None), Moment.MOVING if options.back else None)
        has_standby = options.standby and all(fault.has_standby for fault in chosen)
        if not has_standby:
            words = (*words, "--without-standby")
        self._has_standby = has_standby
        self._engines = Engines(servers, (options.out / "engines").resolve(), self._state, KEYMAP, quiet=_QUIET_SECONDS, options=words)
        self._sampling = Sampling(servers, self._state, lambda: {one.side for one in self._application.alive})
        self._chosen = chosen
        self._answers: list[tuple[str, int, str]] = []
        self._faults: list[tuple[str, str, str]] = []
        self._moments: list[tuple[float, str]] = []
        self._began = self._engines_at = 0.0

    def run(self, stack: ExitStack) -> SplitReport:
        self._began = time.time()
        before = self._fill()
        stack.callback(self._application.kill)
        stack.callback(self._engines.stop)
        with self._display.phase("start the application, on legacy"):
            for role, count in (("web", _WEBS), ("worker", _WORKERS)):
                for _ in range(count):
                    self._application.start(role, by_pointer=False)
        self._sampling.start()
        stack.callback(self._sampling.stop)
        time.sleep(self._options.seconds)
        self._start_engines()
        self._until_armed()
        self._go()
        if self._back_at is not None:
            self._back(self._back_at)
        else:
            self._restart(self._application.alive)
            self._finish()
        return self._end(before)

    def _fill(self) -> KeyDigests:
        legacy = self._servers.legacy
        with self._display.phase("fill legacy"):
            if self._options.rdb is None:
                fill(legacy.client(), self._options.keys, seed=self._options.seed, now=time.time(), progress=lambda _count: None)
            legacy.replica.wait_until_level_with(legacy.primary)
        return _digests(legacy)

    def _start_engines(self) -> None:
        self._inject(Moment.BEGIN)
        self._engines_at = time.time()
        self._engines.start(standby=False)
        if self._has_standby:
            self._wait("the first engine's record", (self._state / "split.json").exists)
            self._engines.start(standby=True)

    def _until_armed(self) -> None:
        with self._display.phase("copy, follow, armed"):
            self._inject(Moment.COPY)
            self._wait("armed", lambda: self._phase() == "armed")
        time.sleep(self._options.seconds)
        self._inject(Moment.ARMED)

    def _go(self) -> None:
        with self._display.phase("go"):
            self._wait("go is allowed", lambda: self._can("go"))
            if not self._inject(Moment.GO):
                self._say("go", "--wait", "60")
        self._inject(Moment.GONE)

    def _restart(self, olds: Sequence[AppProcess]) -> None:
        """One by one, a new process before its old one ends: workers first, since web's jobs wait for them."""
        with self._display.phase("restart the application, one by one"):
            for number, old in enumerate(sorted(olds, key=lambda one: one.role != "worker")):
                self._application.start(old.role, by_pointer=True)
                if (
                    old.role == "worker"
                    and not [one for one in self._application.alive if one.role == "worker" and one.side == old.side][1:]
                ):
                    # The last one of this side that fires cron: it ends once the other side does.
                    self._wait("cron has turned", self._cron_has_turned)
                time.sleep(self._options.seconds / 4)
                if number == 1:
                    self._inject(Moment.MOVING)
                old.stop()

    def _back(self, moment: Moment) -> None:
        """With half of each kind restarted, or all of them; those that never left the old side stay."""
        olds = self._application.alive
        self._restart(olds[::2] if moment is Moment.MOVING else olds)
        if moment is Moment.MOVED:
            with self._display.phase("nobody is left on legacy"):
                self._wait("moved", lambda: self._phase() == "moved")
                self._inject(Moment.MOVED)
        with self._display.phase("back"):
            self._wait("back is allowed", lambda: self._can("back"))
            self._say("back", "--wait", "60")
        self._inject(Moment.BACK)
        self._restart([one for one in self._application.alive if one.side == "new"])
        with self._display.phase("nobody is left on the new side"):
            self._wait("armed again", lambda: self._phase() == "armed")

    def _finish(self) -> None:
        with self._display.phase("nobody is left on legacy"):
            self._wait("moved", lambda: self._phase() == "moved")
            self._inject(Moment.MOVED)
            self._wait("finish is allowed", lambda: self._can("finish"))

    def _end(self, before: KeyDigests) -> SplitReport:
        """The application stops first: then both sides are compared while they are still kept equal, and only then the run ends."""
        with self._display.phase("stop the application, compare both sides"):
            self._application.stop()
            time.sleep(_SETTLE_SECONDS)
            self._sampling.stop()
            status: Mapping[str, Any] = self._engines.status() or {}
            command = "abandon" if self._back_at is not None else "finish"
            self._wait(f"{command} is allowed", lambda: self._can(command))
            servers = self._servers
            ends = {"old": _digests(servers.legacy), "app-cache": _digests(servers.app_cache), "sidekiq": _digests(servers.sidekiq)}
            cache = "old" if self._back_at is not None else "app-cache"
            journals = [one.journal for one in self._application.processes]
            whole = merged(journals)
            for key, _value, _began, _ended in whole["shared"]:
                whole["strings"].setdefault(key, None)
            named = read_named(self._state)
            values = read_values((servers.legacy if self._back_at is not None else servers.app_cache).client(), whole)
            verdict = split_verdict(before, ends, journals, values, cache=cache, compares=True, named=named)
        with self._display.phase(command):
            self._say(command, "--wait", "120")
        return self._report(before, verdict, {**status, "reached": {**(status.get("reached") or {}), f"{command}ed": time.time()}})

    def _report(self, before: KeyDigests, verdict: SplitVerdict, status: Mapping[str, Any]) -> SplitReport:
        follow = status.get("follow") or {}
        samples = self._sampling.samples
        moments = sorted((status.get("reached") or {}).items(), key=lambda pair: pair[1])
        reached = {str(phase): at - self._engines_at for phase, at in moments}
        stale = {way: found for way in ("forward", "back") if (found := stale_ms(samples, way))}
        lags = sorted(one.lag_ms for one in samples if one.lag_ms is not None)
        return SplitReport(
            outcome=outcome_of(
                verdict,
                may_name=any(fault.may_name for fault in self._chosen),
                is_as_expected=all(seen.startswith(AS_EXPECTED) for _, _, seen in self._faults),
            ),
            seconds=time.time() - self._began,
            keys=before.keys,
            reached=reached,
            clients=kinds_of_clients(self._application.processes),
            lag_p99=percentile(lags, 0.99),
            stale_p50={way: percentile(found, 0.5) for way, found in stale.items()},
            stale_p99={way: percentile(found, 0.99) for way, found in stale.items()},
            get_p99_before=percentile(sorted(ms for at, ms in self._sampling.gets if at < self._engines_at), 0.99),
            get_p99_with=percentile(sorted(ms for at, ms in self._sampling.gets if at >= self._engines_at), 0.99),
            conflicts=sum((follow.get("conflicts") or {}).values()),
            unexplained=int((follow.get("reconciling") or {}).get("unexplained") or 0),
            named=dict(follow.get("named") or {}),
            engines_used=int(status.get("engines_used") or 0),
            verdict=verdict,
            answers=self._answers,
            faults=self._faults,
            samples=samples,
            phases=phases_of(samples),
            moments=self._moments,
            writes=writes_by_side(self._application.processes),
        )

    def _inject(self, moment: Moment) -> bool:
        """Whether a fault came at this moment."""
        chosen = [fault for fault in self._chosen if fault.moment is moment]
        for fault in chosen:
            self._moments.append((time.time(), fault.name))
            with self._display.phase(f"fault: {fault.name}"):
                seen = fault.inject(Scene(self._servers, self._application, self._engines, self._wait, self._options.out.resolve()))
            self._faults.append((fault.name, fault.expected, seen))
        return bool(chosen)

    def _say(self, *words: str) -> None:
        self._moments.append((time.time(), words[0]))
        said = self._engines.say(*words)
        self._answers.append((" ".join(words), said.returncode, said.stdout.strip()))
        if said.returncode != 0:
            raise RehearsalStuck(f"uplift split {' '.join(words)}: exit {said.returncode}: {said.stdout.strip()} {said.stderr.strip()}")

    def _cron_has_turned(self) -> bool:
        return cron_has_turned(self._engines.status() or {}, time.time())

    def _phase(self) -> str:
        return str((self._engines.status() or {}).get("phase", ""))

    def _can(self, command: str) -> bool:
        return bool(((self._engines.status() or {}).get("can") or {}).get(command, {}).get("is_allowed"))

    def _wait(self, what: str, is_so: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _WAIT_SECONDS
        while not is_so():
            if self._engines.have_ended():
                raise RehearsalStuck(f"{what} cannot come: every engine has ended; what they said is in {self._options.out / 'engines'}")
            if time.monotonic() > deadline:
                status = self._engines.status() or {}
                waits = f"the status waits for {status.get('why')}, {status.get('can')}"
                raise RehearsalStuck(f"{what} did not come within {_WAIT_SECONDS:.0f} s; {waits}")
            time.sleep(_LOOK_SECONDS)


def _digests(group: Group) -> KeyDigests:
    return read_key_digests(group.client, lambda _done, _total: None)


def _pause(rate: float | None) -> float | None:
    """Of each thread of the web between two requests, in seconds; with about two writes a request."""
    return None if rate is None else _WEBS * WEB_THREADS * _WRITES_A_REQUEST / rate
