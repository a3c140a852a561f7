"""What an operator asks of a run, and what came of it."""

from __future__ import annotations

import secrets
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from uplift.errors import ExitCode


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Wish(StrEnum):
    """GO, BACK, ABANDON and FINISH have steps that are stored; the others are done at once."""

    GO = "go"
    BACK = "back"
    ABANDON = "abandon"
    FINISH = "finish"
    SET = "set"
    PAUSE = "pause"
    RESUME = "resume"

    @property
    def has_steps(self) -> bool:
        """Whether it is done step by step."""
        return self in {Wish.GO, Wish.BACK, Wish.ABANDON, Wish.FINISH}


class HookWord(StrEnum):
    """What the operator says of an `--on-go` that failed, or of which nothing is known. AGAIN: run it once more; DONE: it is done."""

    AGAIN = "again"
    DONE = "done"


class Options(_Frozen):
    """`max_lag` in ms. `leave_behind`: patterns of keys of the new side that no rule describes, and that stay there on the way back.

    `name` and `value` are of a setting, `seconds` is for how long it holds (None: for good).
    """

    max_lag: float = 1000.0
    leave_behind: tuple[str, ...] = ()
    hook: HookWord | None = None
    empty_targets: bool = False
    name: str = ""
    value: float = 0.0
    seconds: float | None = None


class Asked(_Frozen):
    """`run` and `revision` are what the author saw; `at` is in seconds since 1970."""

    id: str = Field(default_factory=lambda: secrets.token_hex(6), pattern="^[0-9a-f]{12}$")
    wish: Wish
    run: str
    revision: int
    who: str
    at: float
    options: Options = Options()


class Change(StrEnum):
    """What an answer says of the run. NOTHING: nothing was changed. CHANGED: all of it was done. UNFINISHED: it was changed, and a part is
    not done. UNKNOWN: whether a part was done is not known.
    """

    NOTHING = "nothing changed"
    CHANGED = "changed"
    UNFINISHED = "changed, not complete"
    UNKNOWN = "unknown"

    @property
    def exit_code(self) -> ExitCode:
        """As a command ends with it."""
        match self:
            case Change.NOTHING:
                return ExitCode.FAILED
            case Change.CHANGED:
                return ExitCode.DONE
            case Change.UNFINISHED:
                return ExitCode.STILL_CHANGING
            case Change.UNKNOWN:
                return ExitCode.NOT_KNOWN


class Answer(_Frozen):
    """What came of it, in one line."""

    change: Change
    text: str


class Answered(_Frozen):
    """The answer to the request with that `id`."""

    id: str
    answer: Answer
