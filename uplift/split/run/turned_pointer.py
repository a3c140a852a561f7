"""The pointer: turned by a step of go and of back, and otherwise a projection of what is stored."""

from __future__ import annotations

import time

from uplift.split.decisions.next_step import stage_after
from uplift.split.pointer.pointer import Pointer, flipped, pointer_from, pointer_text
from uplift.split.record.stage import Side
from uplift.split.record.steps import Command
from uplift.split.run.kept_record import KeptRecord

_PLACE = "the pointer"
_LOOK_SECONDS = 5.0


class TurnedPointer:
    """`first` is the one of a run that begins."""

    def __init__(self, kept: KeptRecord, first: Pointer) -> None:
        self._kept = kept
        self._first = first.model_copy(update={"run": kept.existing.run})
        self._look_at = 0.0

    @property
    def side(self) -> Side:
        """Which one it names now. Raises BadInput for a pointer that cannot be read."""
        return Side(self._there().side)

    def turn(self, command: Command) -> None:
        """The step of a command. Raises StoreConflict, NotWritten."""
        self._write(stage_after(command.asked.wish).side)

    def project(self, side: Side) -> None:
        """Now and then: one that is missing, or that somebody else wrote, is written again; the first at once."""
        if time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + _LOOK_SECONDS
        command = self._kept.existing.command
        if command is None and (self._kept.store.read_pointer() is None or self.side is not side):
            self._write(side)

    def _there(self) -> Pointer:
        text = self._kept.store.read_pointer()
        return self._first if text is None else pointer_from(text, _PLACE)

    def _write(self, side: Side) -> None:
        turned = flipped(self._there(), side.value)
        self._kept.store.write_pointer(pointer_text(turned), self._kept.existing)
