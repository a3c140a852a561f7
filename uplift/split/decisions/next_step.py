"""Which step of a command comes next, and what becomes of one whose engine died: pure functions of what is stored."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import assert_never

from uplift.split.record.asked import Answer, Change, Wish
from uplift.split.record.stage import Side, Stage
from uplift.split.record.steps import Command, StepName, StepOutcome

STEPS: dict[Wish, tuple[StepName, ...]] = {
    Wish.GO: (StepName.AUTHORITY, StepName.POINTER, StepName.HOOK),
    Wish.BACK: (StepName.OUTBOXES, StepName.AUTHORITY, StepName.POINTER, StepName.HOOK),
    Wish.ABANDON: (StepName.GATE, StepName.STANDBYS, StepName.END_FOLLOW, StepName.END_HANDOVER, StepName.EMPTY_TARGETS, StepName.REPORT),
    Wish.FINISH: (
        StepName.VERIFY,
        StepName.GATE,
        StepName.STANDBYS,
        StepName.OUTBOXES,
        StepName.END_FOLLOW,
        StepName.END_HANDOVER,
        StepName.REPORT,
    ),
}
FLIP: dict[Wish, StepName] = {
    Wish.GO: StepName.POINTER,
    Wish.BACK: StepName.POINTER,
    Wish.ABANDON: StepName.END_FOLLOW,
    Wish.FINISH: StepName.END_FOLLOW,
}
"""Before it any failure undoes; from it on what is left is completed."""
PATIENCE_SECONDS: dict[StepName, float] = {
    StepName.AUTHORITY: 30.0,
    StepName.OUTBOXES: 60.0,
    StepName.POINTER: 30.0,
    StepName.VERIFY: 24 * 3600.0,
    StepName.GATE: 300.0,
    StepName.STANDBYS: 30.0,
    StepName.END_FOLLOW: 60.0,
    StepName.END_HANDOVER: 60.0,
    StepName.EMPTY_TARGETS: 60.0,
    StepName.REPORT: 30.0,
}
"""After so long a step that did not come to its end has failed; HOOK has a limit of its own."""


def stage_after(wish: Wish) -> Stage:
    """What the flip of a command makes of the stage."""
    match wish:
        case Wish.GO:
            return Stage.NEW
        case Wish.BACK:
            return Stage.BACK
        case Wish.ABANDON:
            return Stage.ABANDONED
        case Wish.FINISH:
            return Stage.FINISHED
        case Wish.SET | Wish.PAUSE | Wish.RESUME:
            raise ValueError(f"{wish.value} has no steps")
        case _:
            assert_never(wish)


class Act(Enum):
    """BEGIN: store the intent of `step`. CARRY: work on it. END: the command is over, with `answer`. UNDO: drop the command, with `answer`.
    UNKNOWN: store that nobody knows what came of the latest step. FLIPPED: store that it was made.
    """

    BEGIN = "begin"
    CARRY = "carry"
    END = "end"
    UNDO = "undo"
    UNKNOWN = "unknown"
    FLIPPED = "flipped"


@dataclass(frozen=True, slots=True)
class NextAct:
    """`step` is what BEGIN and CARRY are about."""

    act: Act
    step: StepName | None = None
    answer: Answer | None = None


def next_act(command: Command, *, is_mine: bool, pointer: Side) -> NextAct:
    """What comes next. `is_mine`: this engine began the latest step, or took the command where there is none; `pointer`: the side that the
    pointer names now.
    """
    latest = command.latest
    if latest is None:
        return _begin_or_end(command) if is_mine or has_flipped(command) else _undone(command, "the beginning")
    match latest.outcome:
        case StepOutcome.DONE:
            # What was checked before it began may not be so for an engine that took over.
            return _begin_or_end(command) if is_mine or has_flipped(command) else _undone(command, latest.step.value)
        case StepOutcome.FAILED | StepOutcome.UNDONE:
            return _after_failure(command, latest.step, latest.text)
        case StepOutcome.UNKNOWN:
            return NextAct(Act.END, answer=_unknown(command))
        case None:
            return NextAct(Act.CARRY, latest.step) if is_mine else _inherited(command, latest.step, pointer)
        case _:
            assert_never(latest.outcome)


def has_flipped(command: Command) -> bool:
    """Whether its flip was made, by this command or by an earlier one that it completes."""
    return command.completes is not None or command.is_done(FLIP[command.asked.wish])


def _begin_or_end(command: Command) -> NextAct:
    wish = command.asked.wish
    steps = STEPS[wish]
    left = steps if command.completes is None else steps[steps.index(command.completes) :]
    for step in left:
        if not command.is_done(step):
            return NextAct(Act.BEGIN, step)
    return NextAct(Act.END, answer=Answer(change=Change.CHANGED, text=f"{wish.value}: done"))


def _after_failure(command: Command, step: StepName, text: str) -> NextAct:
    wish = command.asked.wish.value
    if not has_flipped(command):
        return NextAct(Act.UNDO, answer=Answer(change=Change.NOTHING, text=f"{wish}: {step.value}: {text}: nothing was changed"))
    what_next = "--hook again or --hook done" if step is StepName.HOOK else f"`{wish}` again goes on with it"
    return NextAct(Act.END, answer=Answer(change=Change.UNFINISHED, text=f"{wish}: {step.value}: {text}: {what_next}"))


def _unknown(command: Command) -> Answer:
    wish = command.asked.wish.value
    latest = command.latest
    why = latest.text if latest is not None else ""
    text = f"{wish}: the pointer is turned; --on-go: {why}; whether it was done is not known: "
    return Answer(change=Change.UNKNOWN, text=f"{text}look, then `{wish} --hook done` or `{wish} --hook again`")


def _inherited(command: Command, step: StepName, pointer: Side) -> NextAct:
    """Another engine began it, and is gone."""
    wish = command.asked.wish
    if step is StepName.HOOK:
        # It may have been done: it is never repeated silently.
        return NextAct(Act.UNKNOWN, step)
    if has_flipped(command) or step is StepName.END_FOLLOW:
        # From the flip on every other step may be done twice. Of END_FOLLOW a part may have been done.
        return NextAct(Act.CARRY, step)
    if step is StepName.POINTER and pointer is stage_after(wish).side:
        return NextAct(Act.FLIPPED, step)
    return _undone(command, step.value)


def _undone(command: Command, where: str) -> NextAct:
    wish = command.asked.wish.value
    text = f"{wish}: its engine died at {where}, before anything was changed for good: nothing was changed; ask again"
    return NextAct(Act.UNDO, answer=Answer(change=Change.NOTHING, text=text))
