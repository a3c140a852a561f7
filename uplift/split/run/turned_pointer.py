"""The pointer: turned by a step of go and of back, and otherwise a projection of what is stored."""

from __future__ import annotations

import time

from uplift.errors import BadInput
from uplift.split.decisions.next_step import stage_after
from uplift.split.pointer.pointer import Pointer, pointer_from, pointer_text
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
        """Which one it names now."""
        return Side((self._there() or self._first).side)

    def turn(self, command: Command) -> None:
        """The step of a command. Raises StoreConflict, NotWritten."""
        self._write(stage_after(command.asked.wish).side)

    def project(self, side: Side) -> None:
        """Now and then: one that is missing or damaged, or that somebody else wrote, is written again; the first at once."""
        if time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + _LOOK_SECONDS
        command = self._kept.existing.command
        if command is None and self._there() != self._wanted(side):
            self._write(side)

    def _there(self) -> Pointer | None:
        text = self._kept.store.read_pointer()
        try:
            return None if text is None else pointer_from(text, _PLACE)
        except BadInput:
            return None

    def _wanted(self, side: Side) -> Pointer:
        """Addresses are the run's own, whatever is written there: only the side and the version change."""
        there = self._there()
        version = there.version if there is not None else self._first.version
        return self._first.model_copy(update={"side": side.value, "version": version})

    def _write(self, side: Side) -> None:
        wanted, there = self._wanted(side), self._there()
        if there is not None and there != wanted:
            wanted = wanted.model_copy(update={"version": wanted.version + 1})
        self._kept.store.write_pointer(pointer_text(wanted), self._kept.existing)
