"""On which side a run has the application, and in which phase it is."""

from __future__ import annotations

from enum import StrEnum


class Side(StrEnum):
    """OLD: legacy, for every role. NEW: app-cache and sidekiq."""

    OLD = "old"
    NEW = "new"


class Stage(StrEnum):
    """What was decided for good. OLD: nothing yet, or back and nobody is left on the new side. NEW: gone. BACK: turned round, and processes
    may be left on the new side.
    """

    OLD = "old"
    NEW = "new"
    BACK = "back"
    FINISHED = "finished"
    ABANDONED = "abandoned"

    @property
    def is_over(self) -> bool:
        """Whether nothing of the run is on the servers any more."""
        return self in {Stage.FINISHED, Stage.ABANDONED}

    @property
    def side(self) -> Side:
        """Which side the pointer names."""
        return Side.NEW if self in {Stage.NEW, Stage.FINISHED} else Side.OLD


class Phase(StrEnum):
    """Where a run is, in the words of an operator."""

    PREFLIGHT = "preflight"
    COPY = "copy"
    CATCHING_UP = "catching up"
    IN_SYNC = "in sync"
    ARMED = "armed"
    MOVING = "moving"
    MOVED = "moved"
    MOVING_BACK = "moving back"
    FINISHED = "finished"
    ABANDONED = "abandoned"
