"""The gate as a part of a split: held from armed on, turned after go, turned back, or given up."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from uplift.errors import NotSafe, RunRefused, SourceUnreachable
from uplift.keyspace.server.replies import ErrorReply
from uplift.sidekiq.gate.decision import Act
from uplift.sidekiq.gate.gate import Gate, GateOutcome, GateStep, GateWish
from uplift.sidekiq.gate.record import Direction, Phase
from uplift.sidekiq.run.epoch import Era
from uplift.split.decisions.facts import GateFacts
from uplift.split.decisions.wants import GateWant
from uplift.split.run.sidekiq_sides import SidekiqSides

_LOOK_SECONDS = 1.0
_MOST_DOUBTFUL = 100


@dataclass(frozen=True, slots=True)
class CronShown:
    """`doing` is the want it has come to. `phase` and `direction` are the gate's own; `instant` in seconds since 1970. `by_hand`: what no
    gate can turn.
    """

    doing: GateWant = GateWant.LEAVE
    phase: str | None = None
    direction: str | None = None
    instant: int | None = None
    reason: str = ""
    by_hand: tuple[str, ...] = ()
    facts: GateFacts = field(default_factory=lambda: GateFacts(is_held=False, problem="the gate was not looked at yet"))


class TurningCron:
    """Used by one thread. A gate ends only when the want changes: after `END` it waits."""

    def __init__(self, sides: SidekiqSides, era: Era, clock: Callable[[], float] = time.time) -> None:
        self.shown = CronShown()
        self.want = GateWant.LEAVE
        self._sides, self._era, self._clock = sides, era, clock
        self._gate: Gate | None = None
        self._wish: GateWish | None = None
        self._due_at = 0.0
        self._doubtful: list[str] = []

    def step(self) -> float:
        """The next piece; in how many seconds the one after it is due."""
        if self.want is not self.shown.doing:
            # What was seen so far was seen under another want.
            self._due_at = 0.0
        if self.want is GateWant.LEAVE:
            self.close()
            return _LOOK_SECONDS
        if (left := self._due_at - time.monotonic()) > 0:
            return left
        try:
            step = self._opened().step(self._clock())
        except (NotSafe, RunRefused, SourceUnreachable, ErrorReply) as problem:
            self.close()
            self._due_at = time.monotonic() + _LOOK_SECONDS
            self.shown = CronShown(self.want, facts=GateFacts(is_held=False, problem=str(problem), doubtful=tuple(self._doubtful)))
            return _LOOK_SECONDS
        if step.outcome in {GateOutcome.FENCED, GateOutcome.ENDED}:
            # What is wanted later may be something else; and a server may forget.
            self._close_gate()
        if step.outcome is not GateOutcome.WORKED:
            self._due_at = time.monotonic() + _LOOK_SECONDS
        self._tell(step)
        return max(0.0, self._due_at - time.monotonic())

    def _opened(self) -> Gate:
        wish = _wish_of(self.want, self._wish, self._clock())
        if self._gate is None:
            self._gate = Gate(self._sides.gate_servers(), self._sides.forward, wish, era=self._era)
        self._gate.wish = self._wish = wish
        return self._gate

    def _tell(self, step: GateStep) -> None:
        self._doubtful += [one.text for one in step.doubtful]
        del self._doubtful[:-_MOST_DOUBTFUL]
        record = step.record
        if record is None:
            unknown = GateFacts(is_held=False, problem=step.reason, doubtful=tuple(self._doubtful))
            self.shown = CronShown(self.want, reason=step.reason, facts=unknown)
            return
        facts = GateFacts(
            is_over=record.phase.is_over and step.outcome is GateOutcome.ENDED,
            is_silent=record.phase is Phase.HOLDING and step.is_silent,
            is_held=record.phase is Phase.HOLDING and record.direction is Direction.FORWARD and step.act is Act.WAIT,
            is_left=record.phase is Phase.TURNED and record.direction is Direction.FORWARD and step.giving_is_empty,
            problem=f"{record.phase.value}: {step.reason}",
            doubtful=tuple(self._doubtful),
        )
        by_hand = tuple(sorted(one.value for one in step.by_hand))
        self.shown = CronShown(self.want, record.phase.value, record.direction.value, record.instant, step.reason, by_hand, facts)

    def _close_gate(self) -> None:
        if self._gate is not None:
            self._gate.forget()
            self._gate = self._wish = None

    def close(self) -> None:
        """Close both connections: where the gate stands is on the servers."""
        self._close_gate()


def _wish_of(want: GateWant, before: GateWish | None, now: float) -> GateWish:
    """`before`: a wish keeps the instant it began with."""
    match want:
        case GateWant.HOLD | GateWant.LEAVE:
            return GateWish(now, is_held=True)
        case GateWant.TURN:
            return before if before is not None and not before.is_held and before.direction is Direction.FORWARD else GateWish(now)
        case GateWant.TURN_BACK:
            return before if before is not None and before.direction is Direction.BACK else GateWish(now, Direction.BACK)
        case GateWant.GIVE_UP:
            return GateWish(now, is_abandon=True)
