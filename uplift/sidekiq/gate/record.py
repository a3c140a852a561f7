"""Where a gate stands: what is written on both servers, so that whoever comes next goes on from there."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum

from uplift.errors import NotSafe


class Phase(StrEnum):
    """The giving side fires until the instant, the taking side from it on.

    HOLDING: the taking side is off, and a live scheduler there is waited for. ARMING: marks are written on both sides, then the taking
    side is switched as the giving one is. ARMED: both are on, and the marks alone decide. CLOSING: past the instant the giving side is
    switched off, and the taking side's marks go. TURNED: until the giving side's processes are gone. RETURNING: it gets back what was
    there before. POSTPONING: the taking side is switched off, and the giving side's marks go. ABANDONING: likewise, and the taking side
    gets back what was there before, once no process lives there.
    """

    HOLDING = "holding"
    ARMING = "arming"
    ARMED = "armed"
    CLOSING = "closing"
    TURNED = "turned"
    RETURNING = "returning"
    POSTPONING = "postponing"
    ABANDONING = "abandoning"
    DONE = "done"
    ABANDONED = "abandoned"

    @property
    def is_over(self) -> bool:
        """Whether nothing of the gate is on the servers any more but its record."""
        return self in {Phase.DONE, Phase.ABANDONED}


class Direction(StrEnum):
    """FORWARD: from the source to the target; BACK: the other way round."""

    FORWARD = "forward"
    BACK = "back"

    @property
    def other(self) -> Direction:
        """The opposite."""
        return Direction.BACK if self is Direction.FORWARD else Direction.FORWARD


@dataclass(frozen=True, slots=True)
class Window:
    """Seconds since 1970: `first`, and all up to `end`, which is not in it."""

    first: int
    end: int

    @property
    def is_empty(self) -> bool:
        """Whether no second is in it."""
        return self.end <= self.first

    def within(self, other: Window) -> Window:
        """What is in both."""
        return Window(max(self.first, other.first), min(self.end, other.end))

    def holds(self, second: int) -> bool:
        """Whether a second is in it."""
        return self.first <= second < self.end


NO_SECONDS = Window(0, 0)


@dataclass(frozen=True, slots=True)
class GateRecord:
    """All moments are whole seconds since 1970. `giving_marks` and `taking_marks` are where marks may be that the gate wrote.

    `needed_from` is the first second that must be marked on the taking side. `stepped` is when a mover last wrote this, `giving_lived` when
    a scheduler of the giving side last lived. `is_held`: the instant is chosen anew once the gate is held no longer.
    """

    phase: Phase
    instant: int
    began: int
    stepped: int
    direction: Direction = Direction.FORWARD
    revision: int = 0
    needed_from: int = 0
    giving_lived: int | None = None
    giving_marks: Window = NO_SECONDS
    taking_marks: Window = NO_SECONDS
    is_held: bool = False

    @property
    def text(self) -> bytes:
        """As it is written."""
        return json.dumps(asdict(self)).encode()


def record_of(text: bytes) -> GateRecord:
    """The record a server has. Raises NotSafe where this version cannot read it."""
    try:
        found = json.loads(text)
        return GateRecord(
            Phase(found["phase"]),
            int(found["instant"]),
            int(found["began"]),
            int(found["stepped"]),
            Direction(found["direction"]),
            int(found["revision"]),
            int(found["needed_from"]),
            None if found["giving_lived"] is None else int(found["giving_lived"]),
            Window(int(found["giving_marks"]["first"]), int(found["giving_marks"]["end"])),
            Window(int(found["taking_marks"]["first"]), int(found["taking_marks"]["end"])),
            bool(found.get("is_held", False)),
        )
    except (ValueError, KeyError, TypeError) as problem:
        raise NotSafe(f"the gate's record on a server cannot be read ({problem}): another version wrote it, go on with that one") from None
