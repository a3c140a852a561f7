"""Handovers in processes of their own, killed and cut off one after the other, and a last one that goes on until the old side is done."""

from __future__ import annotations

import gc
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from tests.sidekiq.crash.deaths import Death, When, arm, drawn
from uplift.sidekiq.handover.handover import Ended, Handover, Patience
from uplift.sidekiq.handover.wishes import Wishes
from uplift.sidekiq.keys.key_kinds import is_like_sidekiqs
from uplift.sidekiq.mover.mover import MoverServers
from uplift.sidekiq.mover.source_side import TakeLimits

RUN = b"real"
LIMITS = TakeLimits(jobs=5, bytes=1_000)
_STABLE_SECONDS = 2.0
_LONGEST_WAIT_SECONDS = 0.02
_LOOK_SECONDS = 0.005
_MOST_TURNS = 30
_MOST_SENDS = 150
# One that died so is as good as one that was killed; what ends in another way is a fault of the mover.
_RAISED = 9
Prepare = Callable[[], None]


def until_empty(servers: MoverServers) -> Handover:
    """As the command makes it, with less patience."""
    wishes = Wishes(until_empty=True)
    return Handover(servers, RUN, wishes, is_of_sidekiq=is_like_sidekiqs, limits=LIMITS, patience=Patience(stable_seconds=_STABLE_SECONDS))


class Movers:
    """One at a time. `prepare` is called in each of their processes: a control takes a part away there."""

    def __init__(self, servers: MoverServers, draws: random.Random, prepare: Prepare = lambda: None) -> None:
        self.deaths: Counter[str] = Counter()
        self._servers, self._draws, self._prepare = servers, draws, prepare
        self._living: tuple[int, Death, int] | None = None

    @property
    def kills(self) -> int:
        return self.deaths.total()

    def turn(self) -> None:
        """Another one is born where the last one died; one that is to be killed by others is, when its time has come."""
        if self._living is None:
            # It has to look at both sides and at every key before it takes anything.
            death = replace(drawn(self._draws), at=self._draws.randrange(_MOST_SENDS))
            self._living = (self._born(death), death, self._draws.randrange(_MOST_TURNS))
        child, death, turns = self._living
        self._living = (child, death, turns - 1)
        if turns <= 0 and death.when is When.BY_OTHERS:
            os.kill(child, signal.SIGKILL)
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            self._living = None
            assert os.WIFSIGNALED(status), f"a handover ended by itself, with {os.WEXITSTATUS(status)}"
            self.deaths[death.when.value] += 1
        else:
            time.sleep(_LOOK_SECONDS)

    def kill(self) -> None:
        """The one that lives."""
        if self._living is not None:
            os.kill(self._living[0], signal.SIGKILL)
            os.waitpid(self._living[0], 0)
            self._living = None

    def _born(self, death: Death) -> int:
        child = os.fork()
        if child == 0:
            try:
                gc.disable()
                self._prepare()
                arm(death, lambda: None)
                _live(until_empty(self._servers))
            finally:
                os._exit(_RAISED)
        return child


def _live(one: Handover) -> None:
    while (step := one.step()).ended is None:
        # It is to meet its death soon: an idle one would wait a second.
        time.sleep(min(step.wait_seconds, _LONGEST_WAIT_SECONDS))


def go_on_until_empty(servers: MoverServers, deadline_seconds: float) -> Handover:
    """The last one; it is closed. Fails where it does not end with EMPTY."""
    one, deadline = until_empty(servers), time.monotonic() + deadline_seconds
    try:
        step = one.step()
        while step.ended is None:
            assert time.monotonic() < deadline, f"it does not end: {step}, {one.remaining}, {one.progress.left}"
            time.sleep(step.wait_seconds)
            step = one.step()
        assert step.ended is Ended.EMPTY, step
    finally:
        one.close()
    return one
