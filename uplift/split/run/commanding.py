"""What operators ask is decided, carried out step by step, and answered: the intent of each step is stored before it, the outcome after."""

from __future__ import annotations

import time
from collections.abc import Callable

from uplift.split.decisions.facts import Facts
from uplift.split.decisions.next_step import FLIP, Act, NextAct, next_act, stage_after
from uplift.split.decisions.verdicts import may
from uplift.split.record.asked import Answer, Answered, Asked, Change, Wish
from uplift.split.record.split_record import SplitRecord
from uplift.split.record.stage import Side, Stage
from uplift.split.record.steps import Command, StepOutcome, StoredStep, Unfinished
from uplift.split.run.kept_record import KeptRecord
from uplift.split.run.live import changed_settings
from uplift.split.run.split_events import EventKind
from uplift.split.run.steps_of_a_command import Steps

Tell = Callable[[EventKind, str], None]
Veto = Callable[[Asked], str | None]
_MOST_ACTS = 12


class Commanding:
    """Of the engine that leads. `veto`: what `--on-event` says against a command before go. `pointer`: the side the pointer names now."""

    def __init__(self, kept: KeptRecord, steps: Steps, tell: Tell, veto: Veto, pointer: Callable[[], Side]) -> None:
        self._kept, self._steps, self._tell, self._veto, self._pointer = kept, steps, tell, veto, pointer

    def look(self, facts: Facts) -> None:
        """Take what is asked, and go on with what is under way. Raises StoreConflict where this engine does not lead any more."""
        self._take(facts)
        for _ in range(_MOST_ACTS):
            command = self._kept.existing.command
            if command is None or not self._go_on(command, facts):
                return

    def _take(self, facts: Facts) -> None:
        store, record = self._kept.store, self._kept.existing
        asked = store.asked()
        if asked is None or not store.take(asked):
            return
        if (refusal := self._why_not(asked, record, facts)) is not None:
            self._tell(EventKind.ASKED, f"{asked.wish.value} by {asked.who}: refused: {refusal}")
            store.answer(asked.id, Answer(change=Change.NOTHING, text=f"{asked.wish.value}: {refusal}: nothing was changed"))
            return
        self._tell(EventKind.ASKED, f"{asked.wish.value} by {asked.who}")
        if asked.wish.has_steps:
            self._begin(asked, record)
            return
        settings, text = changed_settings(record.settings, asked, time.time())
        answer = Answer(change=Change.CHANGED, text=text)
        self._kept.change(settings=settings, answered=Answered(id=asked.id, answer=answer))
        store.answer(asked.id, answer)

    def _why_not(self, asked: Asked, record: SplitRecord, facts: Facts) -> str | None:
        if asked.run != record.run:
            return f"it was for run {asked.run}, and this is {record.run}"
        if asked.wish.has_steps and asked.revision != record.revision:
            return f"the run is not as it was when you looked (revision {asked.revision}, now {record.revision}); look again, and ask anew"
        verdict = may(asked.wish, facts, asked.options)
        if not verdict.is_allowed:
            return "; ".join(verdict.reasons)
        return self._veto(asked) if asked.wish is Wish.GO and facts.stage is Stage.OLD else None

    def _begin(self, asked: Asked, record: SplitRecord) -> None:
        unfinished = record.unfinished
        completes = unfinished.step if unfinished is not None and unfinished.wish is asked.wish else None
        is_nothing_left = completes is None and record.stage is stage_after(asked.wish)
        if is_nothing_left:
            self._kept.store.answer(
                asked.id, Answer(change=Change.CHANGED, text=f"{asked.wish.value}: done already, nothing was left to do")
            )
            return
        left_behind = tuple(sorted({*record.left_behind, *asked.options.leave_behind}))
        self._kept.change(command=Command(asked=asked, engine=self._kept.engine, completes=completes), left_behind=left_behind)

    def _go_on(self, command: Command, facts: Facts) -> bool:
        """Whether more may be done at once."""
        na = next_act(command, is_mine=command.is_of(self._kept.engine), pointer=self._pointer())
        match na.act:
            case Act.BEGIN:
                self._begin_step(command, na)
                return True
            case Act.CARRY:
                return self._carry(command, facts)
            case Act.FLIPPED:
                self._store(command.ended(StepOutcome.DONE, time.time(), "found done"))
                return True
            case Act.UNKNOWN:
                self._store(command.ended(StepOutcome.UNKNOWN, time.time(), "its engine died"))
                return True
            case Act.UNDO | Act.END:
                self._end(command, na)
                return False

    def _begin_step(self, command: Command, na: NextAct) -> None:
        if na.step is None:
            return
        asked = command.asked
        stored = StoredStep(wish=asked.wish, step=na.step, who=asked.who, engine=self._kept.engine, intent_at=time.time())
        begun = command.begun(stored)
        self._kept.change(command=begun)
        self._steps.begin(na.step, begun)

    def _carry(self, command: Command, facts: Facts) -> bool:
        carried = self._steps.carry(command, facts)
        if carried.outcome is None:
            return False
        self._store(command.ended(carried.outcome, time.time(), carried.text))
        return True

    def _store(self, command: Command) -> None:
        """The outcome of the latest step; with that of the flip, in the same write, the stage."""
        latest = command.steps[-1]
        wish = command.asked.wish
        changes: dict[str, object] = {"command": command}
        if latest.step is FLIP[wish] and latest.outcome is StepOutcome.DONE:
            changes |= {"stage": stage_after(wish), "stage_at": time.time(), "unfinished": None}
        self._kept.change(**changes)
        text = f"{wish.value}: {latest.step.value}: {latest.outcome.value if latest.outcome else ''}"
        self._tell(EventKind.STEP, text + (f": {latest.text}" if latest.text else ""))

    def _end(self, command: Command, na: NextAct) -> None:
        answer = na.answer or Answer(change=Change.CHANGED, text="")
        steps = command.steps
        if na.act is Act.UNDO and steps:
            steps = (
                *steps[:-1],
                steps[-1] if steps[-1].outcome is not None else steps[-1].ended(StepOutcome.UNDONE, time.time(), answer.text),
            )
        record, wish = self._kept.existing, command.asked.wish
        # A command that came to nothing leaves what an earlier one left to do.
        unfinished = record.unfinished if answer.change is Change.NOTHING else _unfinished(command, answer)
        answered = Answered(id=command.asked.id, answer=answer)
        self._kept.change(command=None, unfinished=unfinished, history=record.with_history(steps), answered=answered)
        self._kept.store.answer(command.asked.id, answer)
        self._tell(EventKind.STEP, f"{wish.value}: {answer.change.value}")


def _unfinished(command: Command, answer: Answer) -> Unfinished | None:
    latest = command.latest
    if answer.change not in {Change.UNFINISHED, Change.UNKNOWN} or latest is None or latest.outcome is None:
        return None
    return Unfinished(wish=command.asked.wish, step=latest.step, outcome=latest.outcome, text=latest.text)
