"""The pointer: turned by a step of go and of back, and otherwise a projection of what is stored."""

from __future__ import annotations

import time

from uplift.errors import BadInput
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
        """Which one it names now."""
        return Side((self._there() or self._first).side)

    def turn(self, command: Command) -> None:
        """The step of a command. Raises StoreConflict, NotWritten."""
        self._write(self._wanted(self._there(), stage_after(command.asked.wish).side))

    def project(self, side: Side) -> None:
        """Now and then: one that is missing or damaged, or that somebody else wrote, is written again; the first at once."""
        if time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + _LOOK_SECONDS
        command = self._kept.existing.command
        if command is None:
            there = self._there()
            if there != (wanted := self._wanted(there, side)):
                self._write(wanted)

    def _there(self) -> Pointer | None:
        text = self._kept.store.read_pointer()
        try:
            return None if text is None else pointer_from(text, _PLACE)
        except BadInput:
            return None

    def _wanted(self, there: Pointer | None, side: Side) -> Pointer:
        """Addresses are the run's own, whatever is written there: only the side and the version change."""
        if there is None:
            return flipped(self._first, side.value)
        own = self._first.model_copy(update={"side": there.side, "version": there.version})
        return flipped(own if own == there else own.model_copy(update={"version": own.version + 1}), side.value)

    def _write(self, pointer: Pointer) -> None:
        self._kept.store.write_pointer(pointer_text(pointer), self._kept.existing)
