"""The steps of go, back, abandon and finish as they are stored: the intent before, the outcome after, who and when."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from uplift.split.record.asked import Asked, Wish


class StepName(StrEnum):
    """AUTHORITY: who is right where nothing else decides. OUTBOXES: what was taken is brought over, and nothing more is taken. POINTER: the
    one value that is flipped. HOOK: the operator's own command. VERIFY: both sides are compared once more. GATE: cron is given back.
    STANDBYS: engines that stand by leave. END_FOLLOW, END_HANDOVER: our own keys go. EMPTY_TARGETS: what was copied goes.
    """

    AUTHORITY = "authority"
    OUTBOXES = "outboxes"
    POINTER = "pointer"
    HOOK = "on-go"
    VERIFY = "verify"
    GATE = "gate"
    STANDBYS = "standbys leave"
    END_FOLLOW = "end the follow"
    END_HANDOVER = "end the handover"
    EMPTY_TARGETS = "empty the targets"
    REPORT = "report"


class StepOutcome(StrEnum):
    """UNDONE: it came to nothing, and what was done before it was taken back."""

    DONE = "done"
    FAILED = "failed"
    UNDONE = "undone"
    UNKNOWN = "unknown"


class StoredStep(BaseModel):
    """`engine` is the one that began it. Moments are in seconds since 1970; `outcome` is None while it is under way."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    wish: Wish
    step: StepName
    who: str
    engine: str
    intent_at: float
    outcome: StepOutcome | None = None
    outcome_at: float | None = None
    text: str = ""

    def ended(self, outcome: StepOutcome, at: float, text: str = "") -> StoredStep:
        """The same with what came of it."""
        return self.model_copy(update={"outcome": outcome, "outcome_at": at, "text": text})


class Unfinished(BaseModel):
    """What is left to do of a command whose flip was made: the step that failed, or of which nothing is known."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    wish: Wish
    step: StepName
    outcome: StepOutcome
    text: str


class Command(BaseModel):
    """What is being done for an operator. `engine` took it, and found that it may be done. `completes`: the flip was made for an earlier
    one, and it goes on with this step.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    asked: Asked
    engine: str = ""
    steps: tuple[StoredStep, ...] = ()
    completes: StepName | None = None

    @property
    def latest(self) -> StoredStep | None:
        """The step that was begun last."""
        return self.steps[-1] if self.steps else None

    def is_of(self, engine: str) -> bool:
        """Whether this engine began the latest step, or took the command where none was begun."""
        return (self.steps[-1].engine if self.steps else self.engine) == engine

    def has_begun(self, step: StepName) -> bool:
        """Whether its intent is stored."""
        return any(one.step is step for one in self.steps)

    def is_done(self, step: StepName) -> bool:
        """Whether it came to its end."""
        return any(one.step is step and one.outcome is StepOutcome.DONE for one in self.steps)

    def begun(self, step: StoredStep) -> Command:
        """With the intent of one more."""
        return self.model_copy(update={"steps": (*self.steps, step)})

    def ended(self, outcome: StepOutcome, at: float, text: str = "") -> Command:
        """With the outcome of the latest."""
        return self.model_copy(update={"steps": (*self.steps[:-1], self.steps[-1].ended(outcome, at, text))})
