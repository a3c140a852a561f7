"""The operator of a drawn split: asks as the command line does, until it is done, and holds each answer against what is so."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from uplift.cli.split.asking import asked_and_answered, state_at
from uplift.errors import UpliftError
from uplift.split.decisions.next_step import stage_after
from uplift.split.record.asked import Answer, Change, HookWord, Options, Wish
from uplift.split.record.split_record import SplitRecord, record_from
from uplift.split.record.steps import StepName
from uplift.split.status.split_status import SplitStatus

_FRESH_SECONDS = 3.0


class Stuck(Exception):
    """It did not come to its end."""


@dataclass
class Operator:
    """`word` is what he says of an `--on-go` that failed. `wrong`: answers that were not true. `named`: every label a status told of."""

    state: Path
    told: list[str]
    deadline: float
    word: HookWord
    wrong: list[str] = field(default_factory=list)
    named: set[str] = field(default_factory=set)

    def status(self) -> SplitStatus | None:
        try:
            status = state_at(self.state).status
        except UpliftError:
            return None
        if status.follow is not None:
            self.named |= set(status.follow.labels)
        return status

    @property
    def record(self) -> SplitRecord:
        return record_from((self.state / "split.json").read_text(), "split.json")

    @property
    def side(self) -> str:
        try:
            return str(json.loads((self.state / "pointer.json").read_text())["side"])
        except FileNotFoundError:
            return "old"

    def tell(self, text: str) -> None:
        self.told.append(f"{time.time():.3f} {text}")

    def can(self, wish: Wish) -> bool:
        status = self.status()
        return (
            status is not None
            and time.time() - status.at < _FRESH_SECONDS
            and wish.value in status.can
            and status.can[wish.value].is_allowed
        )

    def wait(self, what: str, is_so: Callable[[], bool]) -> None:
        while not is_so():
            if time.monotonic() > self.deadline:
                status = self.status()
                shown = (
                    ""
                    if status is None
                    else f"{status.phase}, {status.why}, {status.can}, {status.problem}, {status.handover}, {status.gate}"
                )
                raise Stuck(f"{what} did not come: {shown}")
            time.sleep(0.05)

    def say(self, wish: Wish, while_asking: Callable[[], None] = lambda: None) -> None:
        """Until it is done: what was refused or undone is asked for again."""
        word: HookWord | None = None
        while True:
            if word is None:
                self.wait(f"{wish.value} is allowed", lambda: self.can(wish) or self._is_done(wish))
            if word is None and self._is_done(wish):
                self.tell(f"{wish.value}: found done")
                return
            before = (self.record.stage, self.side)
            while_asking()
            answer = self._asked(wish, Options(hook=word))
            self.wait(f"{wish.value} is over", lambda: self.record.command is None)
            self._hold_against(wish, answer, before)
            if answer.change is Change.CHANGED:
                return
            unfinished = self.record.unfinished
            is_hook = unfinished is not None and unfinished.step is StepName.HOOK and unfinished.wish is wish
            word = None if not is_hook else HookWord.DONE if word is not None else self.word
            if time.monotonic() > self.deadline:
                raise Stuck(f"{wish.value} was never done: {answer}")
            time.sleep(0.3)

    def _asked(self, wish: Wish, options: Options) -> Answer:
        try:
            answer = asked_and_answered(state_at(self.state), wish, options, lambda text: self.tell(f"heard: {text}"))
        except UpliftError as problem:
            answer = Answer(change=Change.NOTHING, text=str(problem))
        self.tell(f"answer to {wish.value} ({options.hook}): {answer.change.value}: {answer.text}")
        return answer

    def _is_done(self, wish: Wish) -> bool:
        """What an engine completed after it was said that it is not known, or not complete."""
        with suppress(UpliftError):
            record = self.record
            return record.stage is stage_after(wish) and record.unfinished is None and record.command is None
        return False

    def _hold_against(self, wish: Wish, answer: Answer, before: tuple[object, str]) -> None:
        record, after = self.record, stage_after(wish)
        now = (record.stage, self.side)
        is_made = record.stage is after or (after.value == "back" and record.stage.value == "old")
        if answer.change is Change.NOTHING and now != before:
            self.wrong.append(f"{wish.value} said that nothing was changed ({answer.text}), and {before} became {now}")
        if answer.change is Change.CHANGED and not (is_made and self.side == after.side.value and record.unfinished is None):
            self.wrong.append(f"{wish.value} said that it is done, and it is {now}, {record.unfinished}")
        if answer.change is Change.UNFINISHED and not (is_made and record.unfinished is not None):
            self.wrong.append(f"{wish.value} said that it is changed and not complete, and it is {now}, {record.unfinished}")
