"""What each part of a run is to do, from what was decided: whoever leads brings the parts there, whatever they did before.

So there is one undo for every exit of a command before its flip: the command is dropped, and the wants are again those of the stage.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import assert_never

from uplift.split.record.asked import Wish
from uplift.split.record.stage import Side, Stage
from uplift.split.record.steps import Command, StepName


class MoverWant(Enum):
    """IDLE: nothing is taken. SETTLE: nothing more is taken, and what was taken is brought over."""

    IDLE = "idle"
    FORWARD = "forward"
    SETTLE_FORWARD = "settle"
    BACK = "back"
    SETTLE_BACK = "settle back"


class GateWant(Enum):
    """HOLD: the new side is silenced, and nothing turns. LEAVE: no gate is stepped. GIVE_UP: each side gets back what it had."""

    LEAVE = "leave"
    HOLD = "hold"
    TURN = "turn"
    TURN_BACK = "turn back"
    GIVE_UP = "give up"


@dataclass(frozen=True, slots=True)
class Wants:
    """`authority` decides where nothing else can; `pointer` is the side every role uses. `targets_serve`: the latency limit holds there."""

    authority: Side
    pointer: Side
    mover: MoverWant
    gate: GateWant
    targets_serve: bool


def wants_of(stage: Stage, command: Command | None, *, is_armed: bool) -> Wants:
    """`is_armed`: both directions are followed."""
    match stage:
        case Stage.OLD:
            return _before_go(command, is_armed=is_armed)
        case Stage.NEW:
            return _after_go(command)
        case Stage.BACK:
            return Wants(Side.OLD, Side.OLD, MoverWant.BACK, GateWant.TURN_BACK, targets_serve=True)
        case Stage.FINISHED:
            return Wants(Side.NEW, Side.NEW, MoverWant.IDLE, GateWant.LEAVE, targets_serve=True)
        case Stage.ABANDONED:
            return Wants(Side.OLD, Side.OLD, MoverWant.IDLE, GateWant.LEAVE, targets_serve=False)
        case _:
            assert_never(stage)


def _before_go(command: Command | None, *, is_armed: bool) -> Wants:
    gate, authority = GateWant.HOLD if is_armed else GateWant.LEAVE, Side.OLD
    if command is not None and command.asked.wish is Wish.GO and command.has_begun(StepName.AUTHORITY):
        authority = Side.NEW
    if command is not None and command.asked.wish is Wish.ABANDON and is_armed:
        gate = GateWant.GIVE_UP
    return Wants(authority, Side.OLD, MoverWant.IDLE, gate, targets_serve=False)


def _after_go(command: Command | None) -> Wants:
    authority, mover = Side.NEW, MoverWant.FORWARD
    if command is not None and command.asked.wish is Wish.BACK:
        if command.has_begun(StepName.OUTBOXES):
            mover = MoverWant.SETTLE_FORWARD
        if command.has_begun(StepName.AUTHORITY):
            authority = Side.OLD
    if command is not None and command.asked.wish is Wish.FINISH and command.has_begun(StepName.STANDBYS):
        mover = MoverWant.SETTLE_FORWARD
    gate = GateWant.GIVE_UP if _ends(command) else GateWant.TURN
    return Wants(authority, Side.NEW, mover, gate, targets_serve=True)


def _ends(command: Command | None) -> bool:
    """A gate that has nothing to turn holds for ever: the end gives it up."""
    return command is not None and command.asked.wish is Wish.FINISH and command.has_begun(StepName.GATE)
