"""Handovers in processes of their own, killed and cut off one after the other, and a last one that goes on until the old side is done."""

from __future__ import annotations

import gc
import os
import random
import signal
import time
from collections import Counter
from dataclasses import replace

from tests.sidekiq.crash.deaths import Death, When, arm, drawn
from uplift.sidekiq.handover.handover import Ended, Handover, Patience
from uplift.sidekiq.handover.wishes import Wishes
from uplift.sidekiq.keys.key_kinds import is_like_sidekiqs
from uplift.sidekiq.mover.chunk import Chunk
from uplift.sidekiq.mover.mover import MoverServers
from uplift.sidekiq.mover.source_side import TakeLimits
from uplift.sidekiq.mover.target_side import TargetSide

RUN = b"real"
LIMITS = TakeLimits(jobs=5, bytes=1_000)
_STABLE_SECONDS = 2.0
_LONGEST_WAIT_SECONDS = 0.02
_LOOK_SECONDS = 0.005
_MOST_TURNS = 30
_LONGEST_LIFE = 100
_MOST_SENDS = 150
_RAISED = 9
APPLIED = "between apply and confirm"
_MOST_APPLIES = 3


def until_empty(servers: MoverServers) -> Handover:
    """As the command makes it, with less patience."""
    wishes = Wishes(until_empty=True)
    return Handover(servers, RUN, wishes, is_of_sidekiq=is_like_sidekiqs, limits=LIMITS, patience=Patience(stable_seconds=_STABLE_SECONDS))


class Movers:
    """One at a time. `deaths`: how many, by where."""

    def __init__(self, servers: MoverServers, draws: random.Random) -> None:
        self.deaths: Counter[str] = Counter()
        self._servers, self._draws = servers, draws
        self._living: tuple[int, Death | None, int] | None = None

    @property
    def kills(self) -> int:
        return self.deaths.total()

    def turn(self) -> None:
        """Another one is born where the last one died; one that is to be killed by others is, when its time has come."""
        if self._living is None:
            # Most of what a handover sends are looks. So every second one dies where a mover without a ledger would double.
            # It has to look at both sides and at every key before it takes anything.
            is_drawn = self._draws.random() < 0.5
            death = replace(drawn(self._draws), at=self._draws.randrange(_MOST_SENDS)) if is_drawn else None
            self._living = (self._born(death), death, self._draws.randrange(_MOST_TURNS))
        child, death, turns = self._living
        self._living = (child, death, turns - 1)
        # One that waits for jobs to apply may wait for ever: new ones are enqueued when it is dead.
        is_by_others = turns <= 0 if death is not None and death.when is When.BY_OTHERS else turns <= -_LONGEST_LIFE
        if is_by_others:
            os.kill(child, signal.SIGKILL)
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            self._living = None
            assert os.WIFSIGNALED(status), f"a handover ended by itself, with {os.WEXITSTATUS(status)}"
            self.deaths[When.BY_OTHERS.value if is_by_others else APPLIED if death is None else death.when.value] += 1
        else:
            time.sleep(_LOOK_SECONDS)

    def kill(self) -> None:
        """The one that lives."""
        if self._living is not None:
            os.kill(self._living[0], signal.SIGKILL)
            os.waitpid(self._living[0], 0)
            self._living = None

    def _born(self, death: Death | None) -> int:
        applies = self._draws.randrange(_MOST_APPLIES)
        child = os.fork()
        if child == 0:
            try:
                gc.disable()
                if death is None:
                    _arm_after_apply(applies)
                else:
                    arm(death, lambda: None)
                _live(until_empty(self._servers))
            finally:
                os._exit(_RAISED)
        return child


def _arm_after_apply(applies: int) -> None:
    """So many times it applies chunks, and the next time it dies behind that."""
    apply = TargetSide.apply
    left = applies

    def dying(self: TargetSide, chunks: list[Chunk]) -> None:
        nonlocal left
        apply(self, chunks)
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    TargetSide.apply = dying  # type: ignore[method-assign]


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
