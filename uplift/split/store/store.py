"""What a run needs of the place where its state is kept: a directory, or a table and a bucket. Contract tests hold each of them."""

from __future__ import annotations

import time
from typing import Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from uplift.errors import NotWritten, RunRefused, UpliftError
from uplift.split.record.asked import Answer, Asked, Change
from uplift.split.record.split_record import SplitRecord


class StoreConflict(UpliftError):
    """Somebody else changed the record since it was read; nothing was written."""

    code = "StoreConflict"


class StoreUnreachable(NotWritten):
    """What is kept there cannot be read now; whoever follows follows on, and decides nothing."""

    code = "StoreUnreachable"


def waits_already(other: Asked | None) -> RunRefused:
    """The refusal of a request where another one waits; None: it was gone when it was looked for."""
    whose = f"{other.who} asked for {other.wish.value} {max(0.0, time.time() - other.at):.0f} s ago" if other else "somebody asked"
    return RunRefused(f"{whose}, and the engine has not taken it yet: nothing was changed; look at the status, and ask anew")


def answer_from(text: str) -> Answer:
    """What an engine answered, perhaps one of another version."""
    try:
        return Answer.model_validate_json(text)
    except ValidationError:
        return Answer(change=Change.UNKNOWN, text="the engine answered in words of another version of uplift: look at the status")


class Beat(BaseModel):
    """An engine says that it lives. `count` grows; whoever watches uses a clock of his own. `has_left`: it takes over nothing any more."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    engine: str
    count: int
    is_leading: bool = False
    is_warm: bool = False
    has_left: bool = False
    version: str = ""


def asked_from(text: str) -> Asked | None:
    """None for one of another version: nobody would ever take it."""
    try:
        return Asked.model_validate_json(text)
    except ValidationError:
        return None


def beat_from(text: str) -> Beat | None:
    """None for one that is damaged, or of another version: whoever wrote it is not known to live."""
    try:
        return Beat.model_validate_json(text)
    except ValidationError:
        return None


class SplitStore(Protocol):
    """Every write is whole or not at all, and durable. All of them raise NotWritten where it cannot be written, StoreUnreachable where it
    cannot be read.
    """

    def read(self) -> SplitRecord | None:
        """The record; None where no run was begun. Raises BadInput for one that cannot be read."""

    def write(self, record: SplitRecord) -> None:
        """Put it in the place of the revision before. Raises StoreConflict where that one is not there."""

    def ask(self, asked: Asked) -> None:
        """Put a request where none waits. Raises RunRefused naming whose waits."""

    def asked(self) -> Asked | None:
        """The request that waits. One that cannot be read is answered, and gone."""

    def take_back(self, asked_id: str) -> bool:
        """Its author does not wait any more; whether it had not been taken."""

    def take(self, asked: Asked) -> bool:
        """From now on it is the engine's; whether it was still there."""

    def answer(self, asked_id: str, answer: Answer) -> None:
        """Tell its author what came of it."""

    def answer_to(self, asked_id: str) -> Answer | None:
        """What came of it; None while nothing did."""

    def beat(self, beat: Beat) -> None:
        """In the place of the engine's beat before."""

    def beats(self) -> tuple[Beat, ...]:
        """Of every engine that ever said it lives."""

    def write_pointer(self, text: str, record: SplitRecord) -> None:
        """In the place of the pointer before. Raises StoreConflict where the record is another one by now, as far as the place can tell:
        whoever leads reads it back now and then, and writes it again.
        """

    def read_pointer(self) -> str | None:
        """The pointer; None where there is none yet."""

    def write_status(self, text: str) -> None:
        """In the place of the status before; the last one is enough, and it need not be durable."""

    def read_status(self) -> str | None:
        """The status; None where nothing was told yet."""

    def write_report(self, text: str) -> None:
        """In the place of a report before."""

    def read_report(self) -> str | None:
        """The report; None where none was written."""
