"""Everything a run has: two servers and their replicas, the network before them, engines, applications, and the record."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.keyspace.follow.drawn.engines import WAIT_SECONDS, EngineLog, EngineProcess
from tests.keyspace.follow.drawn.mover import Mover
from tests.keyspace.follow.drawn.proxy import Network, Proxy
from tests.keyspace.follow.drawn.record import LAG_SECONDS, Record, WindowKind
from tests.keyspace.follow.drawn.writers import Writer

_WRITERS_A_SIDE = 2


class NotSettled(AssertionError):
    """The engines did not come to what they must come to: a failure of the run."""


def _has_done(engine: EngineProcess, rounds: int) -> bool:
    return bool(engine.status.get("rounds", 0) >= rounds)


class World:
    """`events` is what was done, with the moment: printed where the run fails. `skews`: how many seconds the clock of a server is ahead."""

    def __init__(self, start: Callable[[str, int], RedisServer], versions: tuple[str, str], seed: str, skews: tuple[int, int]) -> None:
        self.draws = random.Random(seed)
        self.start, self.versions, self.seed = start, versions, seed
        self.skews = skews
        self.log = EngineLog()
        self.record = Record(self.log)
        self.network = Network()
        self.events: list[tuple[float, str]] = []
        self.servers = [self._new_server(side) for side in (0, 1)]
        self.doors = [self.network.proxy(server.port) for server in self.servers]
        self.engine_doors: dict[str, list[Proxy]] = {}
        self.engines: list[EngineProcess] = []
        self.authority = "source"
        self.without: str | None = None
        self._count = 0
        self.writers: list[Writer] = []
        self.mover: Mover | None = None

    def _new_server(self, side: int) -> RedisServer:
        server = self.start(self.versions[side], self.skews[side])
        server.set_config("notify-keyspace-events", "EA")
        return server

    def replica(self, side: int) -> RedisServer:
        """A new one, level with its primary."""
        made = self._new_server(side)
        made.follow(self.servers[side])
        return made

    def say(self, text: str) -> None:
        self.events.append((time.monotonic(), text))

    def new_engine(self, *, stands_by: bool, base: Path | None = None) -> EngineProcess:
        """With the base of one that is dead, it goes on from there."""
        self._count += 1
        owner = f"e{self._count}"
        doors = [self.network.proxy(server.port) for server in self.servers]
        self.engine_doors[owner] = doors
        ports = (doors[0].port, doors[1].port)
        base = base or self.servers[0].folder.parent / f"{owner}.base"
        engine = EngineProcess(ports, owner, stands_by=stands_by, authority=self.authority, log=self.log, base=base, without=self.without)
        self.engines.append(engine)
        self.say(f"{owner} starts, {'standby' if stands_by else 'active'}")
        return engine

    def begin_writing(self) -> None:
        ports = (self.doors[0].port, self.doors[1].port)
        for side in (0, 1):
            self.writers += [
                Writer(side, number, ports[side], self.record, f"{self.seed} {side} {number}", skew_milliseconds=1_000 * self.skews[side])
                for number in range(_WRITERS_A_SIDE)
            ]
        self.mover = Mover(ports, self.record, f"{self.seed} mover")
        for writer in self.writers:
            writer.start()
        self.mover.start()

    def end_writing(self) -> None:
        for writer in self.writers:
            writer.stop()
        if self.mover is not None:
            self.mover.stop()

    def living(self) -> list[EngineProcess]:
        return [engine for engine in self.engines if engine.is_alive and engine.ended is None]

    def active(self) -> EngineProcess:
        """The engine that writes; there is one soon."""
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            self.look_for_faults_of_the_program()
            for engine in self.living():
                if engine.is_active:
                    return engine
            time.sleep(0.01)
        raise NotSettled(f"no engine is active: {[(engine.owner, engine.status, engine.ended) for engine in self.engines]}")

    def standby(self) -> EngineProcess:
        """The one that stands by; one is started where none does."""
        for engine in self.living():
            if engine.ended is None and not engine.is_active:
                return engine
        return self.new_engine(stands_by=True)

    def look_for_faults_of_the_program(self) -> None:
        for engine in self.engines:
            if "Traceback" in engine.errors:
                raise NotSettled(f"{engine.owner} broke:\n{engine.errors[-3000:]}")

    def wait_until_warm(self) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            standby = self.standby()
            standby.refresh()
            if standby.wait(partial(_is_settled, standby)) and standby.ended is None:
                return
            # One that was taken over from ended meanwhile: another one stands by then.
            if time.monotonic() < deadline:
                continue
            raise NotSettled(f"{standby.owner} does not become warm: {standby.status} {standby.ended}")

    def wait_for_rounds(self, count: int) -> None:
        """Until the active has done so many more; whoever that is."""
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            engine = self.active()
            rounds = engine.status.get("rounds", 0)
            if engine.wait(partial(_has_done, engine, rounds + count), 5):
                return
        raise NotSettled(f"no rounds: {self.active().status}")

    def settle(self, *, complete: bool = True) -> None:
        """Until an engine is in sync and one that stands by is warm; ambiguous windows end here."""
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            self.wait_for_rounds(3)
            engine = self.active()
            asked_at = time.monotonic()
            if not engine.has_passed(30):
                continue
            self.wait_until_warm()
            standby = self.standby()
            if not complete or standby.status.get("complete"):
                self.record.close_windows(asked_at)
                self.distrust()
                self.say(f"in sync: {engine.owner}, {standby.owner} stands by warm")
                return
        raise NotSettled(f"not in sync: {[(engine.owner, engine.status, engine.ended) for engine in self.living()]}")

    def nobody_knows(self, why: str, since: float | None = None) -> None:
        begin = (since if since is not None else time.monotonic()) - LAG_SECONDS
        self.record.open(WindowKind.NOBODY_KNEW, begin, why)
        self.distrust()

    def goes_deaf(self, why: str) -> None:
        """Engines miss events from now on. Where one has no complete base, nobody knows what changed."""
        known = [self.active(), self.standby()]
        for engine in known:
            engine.refresh()
        if all(engine.status.get("complete") for engine in known) and known[1].is_warm:
            self.record.open(WindowKind.ONE_DEAF, time.monotonic() - LAG_SECONDS, why)
        else:
            self.nobody_knows(f"{why}, and bases were not complete")

    def distrust(self) -> None:
        """What keys are is not known: applications write them whole from now on."""
        for writer in self.writers:
            writer.distrust()

    def close(self) -> None:
        for engine in self.engines:
            if engine.is_alive:
                engine.resume()
                engine.quit()
        self.network.close()


def _is_settled(engine: EngineProcess) -> bool:
    return engine.is_warm or engine.is_active or engine.ended is not None
