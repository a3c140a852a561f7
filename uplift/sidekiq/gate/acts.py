"""What a decision writes on the servers of schedulers: marks and switches, at most so many in one step."""

from __future__ import annotations

from itertools import islice

from uplift.sidekiq.gate.decision import Act
from uplift.sidekiq.gate.side import GateSide
from uplift.sidekiq.gate.sides import SidesSeen
from uplift.sidekiq.schedulers.scheduled_job import ScheduledJob
from uplift.sidekiq.schedulers.switch import Switch

_MOST_PIECES = 20
_MOST_SWITCHES = 500


def write_switches(act: Act, giving: GateSide, taking: GateSide, seen: SidesSeen) -> None:
    """Some of the switches an act is about; nothing for another act. Raises EpochChanged."""
    switches = seen.switches
    side, wanted = {
        Act.SWITCH_TAKING_OFF: (taking, switches.taking_off),
        Act.SWITCH_TAKING_ON: (taking, switches.taking_equal),
        Act.SWITCH_GIVING_OFF: (giving, switches.giving_off),
        Act.RESTORE_GIVING: (giving, switches.giving_as_before),
        Act.RESTORE_TAKING: (taking, switches.taking_as_before),
    }.get(act, (taking, dict[ScheduledJob, Switch]()))
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
