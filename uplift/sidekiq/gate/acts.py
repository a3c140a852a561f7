"""What a decision writes on the servers of schedulers: marks and switches, at most so many in one step."""

from __future__ import annotations

from itertools import islice
from typing import Literal, assert_never

from uplift.sidekiq.gate.decision import Act
from uplift.sidekiq.gate.side import GateSide
from uplift.sidekiq.gate.sides import SidesSeen

_MOST_PIECES = 20
_MOST_SWITCHES = 500
_SwitchAct = Literal[Act.SWITCH_TAKING_OFF, Act.SWITCH_TAKING_ON, Act.SWITCH_GIVING_OFF, Act.RESTORE_GIVING, Act.RESTORE_TAKING]


def write_switches(act: _SwitchAct, giving: GateSide, taking: GateSide, seen: SidesSeen) -> None:
    """Some of those that are not yet as the act wants them. Raises EpochChanged."""
    switches = seen.switches
    match act:
        case Act.SWITCH_TAKING_OFF:
            side, wanted = taking, switches.taking_off
        case Act.SWITCH_TAKING_ON:
            side, wanted = taking, switches.taking_equal
        case Act.SWITCH_GIVING_OFF:
            side, wanted = giving, switches.giving_off
        case Act.RESTORE_GIVING:
            side, wanted = giving, switches.giving_as_before
        case Act.RESTORE_TAKING:
            side, wanted = taking, switches.taking_as_before
        case _:
            assert_never(act)
    side.switch(dict(islice(wanted.items(), _MOST_SWITCHES)))


def write_marks(giving: GateSide, taking: GateSide, seen: SidesSeen) -> None:
    """Some of those that are missing. The taking side first: an instance marked on both nobody fires, one marked on none both do."""
    first = seen.marks.taking_missing[:_MOST_PIECES]
    taking.mark(first)
    giving.mark(seen.marks.giving_missing[: _MOST_PIECES - len(first)])


def remove_marks(giving: GateSide, taking: GateSide, seen: SidesSeen) -> None:
    """Some of those that are not to be there."""
    first = seen.marks.taking_unwanted[:_MOST_PIECES]
    taking.unmark(first)
    giving.unmark(seen.marks.giving_unwanted[: _MOST_PIECES - len(first)])
