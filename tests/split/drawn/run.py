"""One drawn split, from three servers to a verdict."""

from __future__ import annotations

import random
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from rehearsal.cloud.elasticache.redis_server import RedisServer
from rehearsal.run.installed_tools import InstalledTools
from tests.split.drawn.application import Process, Web, Worker
from tests.split.drawn.engines import Engines
from tests.split.drawn.faults import NAMES, Faults, drawn_faults
from tests.split.drawn.journal import Journal
from tests.split.drawn.operator import Operator, Stuck
from tests.split.drawn.verdict import Verdict, labels_of, named_in
from uplift.split.record.asked import HookWord, Wish
from uplift.split.record.stage import Phase

LONGEST_SECONDS = 240.0
_NO_SCHEDULER_SECONDS = 70
_SETTLED_SECONDS = 2.5
_ON_GO = (None, None, None, "true", "false", "sleep 30", "sh -c 'kill -9 $$'")


@dataclass
class DrawnSplit:
    """`told` is what happened, for whoever looks at a failure. `breaks` names something that is broken on purpose."""

    seed: int
    folder: Path
    breaks: str | None = None
    told: list[str] = field(default_factory=list)
    asked: set[Wish] = field(default_factory=set)
    counts: str = "it did not end"

    def run(self) -> list[str]:
        """What is wrong, a line each."""
        self.rng = random.Random(self.seed)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.state = self.folder / "state"
        with ExitStack() as stack:
            self._prepare(stack)
            try:
                wrong = self._whole(stack)
            except Stuck as stuck:
                wrong = [f"stuck: {stuck}"]
            crashed = [f"{one.name} crashed: {one.crashed}" for one in self.processes if one.crashed]
            return [*crashed, *self.engines.crashed(), *self.operator.wrong, *self.faults.failed, *wrong]

    def _prepare(self, stack: ExitStack) -> None:
        binaries = InstalledTools().redis_servers
        self.servers: dict[str, RedisServer] = {}
        for name, version in zip(NAMES, ("3.2.6", "5.0.6", "5.0.6"), strict=True):
            server = self.servers[name] = RedisServer(version, binaries[version], self.folder / name)
            stack.callback(server.stop)
            server.set_config("notify-keyspace-events", "EA")
            server.set_config("maxmemory-policy", "noeviction")
            server.client.connection_pool.connection_kwargs["client_name"] = "test"
            server.client.connection_pool.reset()
        self._draw()
        self.journal = Journal()
        ports = {name: server.port for name, server in self.servers.items()}
        self.processes: list[Process] = [Web(number, ports, self.state, self.journal, self.seed) for number in range(4)]
        self.processes += [Worker(number, ports, self.state, self.journal, self.seed) for number in (4, 5)]
        self.engines = Engines(self.folder, self.servers, random.Random(f"{self.seed} engines"), self.told, self.on_go, self.breaks)
        stack.callback(self.engines.close)
        self.operator = Operator(self.state, self.told, time.monotonic() + LONGEST_SECONDS, self.word)
        self.faults = Faults(
            self.plan,
            self.folder,
            self.servers,
            self.engines,
            self.journal,
            self.operator.status,
            lambda: self.operator.side,
            self.told,
        )

    def _draw(self) -> None:
        rng = self.rng
        self.ways = rng.choices(("finish", "back", "back and go", "abandon"), (50, 22, 22, 6))[0]
        wishes = {
            "finish": [Wish.GO, Wish.FINISH],
            "back": [Wish.GO, Wish.BACK, Wish.ABANDON],
            "back and go": [Wish.GO, Wish.BACK, Wish.FINISH],
            "abandon": [Wish.ABANDON],
        }[self.ways]
        moments = ["start", "armed", *(wish.value for wish in wishes), *(["moving"] * 2 if Wish.GO in wishes else [])]
        self.on_go = rng.choice(_ON_GO)
        self.word = rng.choice(tuple(HookWord))
        self.rests = rng.random() < 0.5
        self.plan = drawn_faults(rng, moments, wishes)
        end = "rests" if self.rests else "goes on"
        self.told.append(f"plan: {self.ways}, on-go {self.on_go} ({self.word.value}), the application {end} at the end")
        self.told += [f"plan: {fault}" for fault in self.plan]

    def _whole(self, stack: ExitStack) -> list[str]:
        operator = self.operator
        for one in self.processes:
            one.start()
            stack.callback(one.stop)
        self.engines.start()
        self.faults.moment("start")
        operator.wait("armed", lambda: self._phase() is Phase.ARMED)
        self.faults.moment("armed")
        time.sleep(self.rng.uniform(0, 1.5))
        if self.ways == "abandon":
            return self._ended(Wish.ABANDON)
        self._say(Wish.GO)
        self.faults.moment("moving")
        if self.ways == "finish":
            self._restart_everybody()
            return self._ended(Wish.FINISH)
        self._restart(self.rng.sample(self.processes, self.rng.randrange(1, len(self.processes) + 1)))
        self._say(Wish.BACK)
        self._restart([one for one in self.processes if one.side == "new"])
        self._silence_cron(1)
        operator.wait("armed after back", lambda: self._phase() is Phase.ARMED and operator.record.stage.value == "old")
        if self.ways == "back":
            return self._ended(Wish.ABANDON)
        self._say(Wish.GO)
        self._restart_everybody()
        self._silence_cron(2)
        return self._ended(Wish.FINISH)

    def _phase(self) -> Phase | None:
        status = self.operator.status()
        return status.phase if status is not None and time.time() - status.at < 3 else None

    def _say(self, wish: Wish) -> None:
        self.operator.say(wish, lambda: self._moment_of(wish))

    def _moment_of(self, wish: Wish) -> None:
        """The first time that it is asked."""
        if wish not in self.asked:
            self.asked.add(wish)
            self.faults.moment(wish.value)

    def _restart(self, processes: list[Process]) -> None:
        for one in self.rng.sample(processes, len(processes)):
            time.sleep(self.rng.random() * 0.8)
            is_carried = one.restart()
            self.operator.tell(f"restarted {one.name} on {one.side}{'' if is_carried else ': not all was carried before'}")

    def _restart_everybody(self) -> None:
        self._restart(self.processes)

    def _silence_cron(self, times: int) -> None:
        (self.folder / "cron").write_text(str(_NO_SCHEDULER_SECONDS * times))

    def _ended(self, wish: Wish) -> list[str]:
        """What goes wrong is over; the application rests and both sides are in sync, or it goes on where it is: then it is said."""
        operator = self.operator
        self.faults.join()
        if self.rests:
            self._rest_in_order(wish)
        rested_at = time.time()
        if not (self.folder / "cron").exists():
            self._silence_cron(1)
        operator.wait("in sync after everybody rests", lambda: self._is_settled_since(rested_at))
        secret = operator.record.secret
        self._say(wish)
        self.faults.join()
        operator.wait("the engines have ended", lambda: all(seat.is_ended for seat in self.engines.seats))
        self._rest()
        side = "old" if wish is Wish.ABANDON else "new"
        verdict = Verdict(self.journal, self.servers, side, self.rests, labels_of(secret), operator.named | named_in(self.state))
        named = verdict.named_keys
        self.counts = f"{sum(map(len, self.journal.writes.values())):,} writes, {len(self.journal.pushed):,} jobs, {len(named)} keys named"
        operator.tell(f"{self.counts}: {named}")
        if operator.side != side:
            return [f"the pointer says {operator.side} after {wish.value}", *verdict.wrong]
        return verdict.wrong

    def _rest(self) -> None:
        for one in self.processes:
            one.stop()

    def _rest_in_order(self, wish: Wish) -> None:
        """Who works last: what comes to a queue that nobody works on stays where it is."""
        for one in self.processes:
            if one.name.startswith("web"):
                one.stop()
        if wish is Wish.FINISH:
            at = time.time()
            self.operator.wait("no job is left on the side that is left", lambda: self._has_no_job_to_move(at))
        self._rest()

    def _has_no_job_to_move(self, since: float) -> bool:
        status = self.operator.status()
        handover = status.handover if status is not None and status.at > since + _SETTLED_SECONDS else None
        return handover is not None and handover.rounds > 0 and handover.jobs_left == 0 and handover.is_settled

    def _is_settled_since(self, at: float) -> bool:
        status = self.operator.status()
        return (
            status is not None
            and status.at > at + _SETTLED_SECONDS
            and status.follow is not None
            and status.follow.not_in_sync is None
            and status.follow.differences.lasting == 0
        )
