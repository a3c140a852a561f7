"""Instances of cron jobs that nobody fired, or that both sides may have fired, because nobody turned the gate in time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import assert_never

from uplift.sidekiq.gate.record import NO_SECONDS, GateRecord, Phase, Window
from uplift.sidekiq.keys.shown_names import cut
from uplift.sidekiq.schedulers.scheduled_job import ScheduledJob

_MOST_SHOWN = 20


class Doubt(Enum):
    """The value is for people."""

    MISSING = "nobody fired"
    TWICE = "both sides may have fired"


@dataclass(frozen=True, slots=True)
class DoubtfulWindow:
    """A window in seconds since 1970, and what is doubtful of all instances in it."""

    doubt: Doubt
    window: Window


@dataclass(frozen=True, slots=True)
class DoubtfulInstances:
    """Of one job. `seconds` are the instances that are known; there may be others in the window, as no schedule is read."""

    doubt: Doubt
    job: ScheduledJob
    window: Window
    seconds: tuple[int, ...] = ()

    @property
    def text(self) -> str:
        """One line for people, in UTC."""
        known = ", ".join(utc_text(second) for second in self.seconds[:_MOST_SHOWN])
        more = f" and {len(self.seconds) - _MOST_SHOWN} more" if len(self.seconds) > _MOST_SHOWN else ""
        among = "among them " if self.doubt is Doubt.MISSING else ""
        which = f"{among}{known}{more}" if known else "whatever its schedule has there"
        return f"{self.doubt.value} {cut(self.job.title)} from {utc_text(self.window.first)} until {utc_text(self.window.end)}: {which}"


def utc_text(second: float) -> str:
    """A moment for people."""
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def doubtful_window(record: GateRecord, now: float) -> DoubtfulWindow | None:
    """What became doubtful while no mover stepped, by what the last one wrote; None where nothing did."""
    second = int(now)
    match record.phase:
        case Phase.ARMING | Phase.POSTPONING:
            # The second that runs is one of them: it was silent until now.
            window = Window(record.instant, second + 1).within(Window(record.instant, record.giving_marks.end))
            found = DoubtfulWindow(Doubt.MISSING, window)
        case Phase.ARMED | Phase.CLOSING:
            found = DoubtfulWindow(Doubt.TWICE, Window(record.giving_marks.end, second))
        case Phase.HOLDING | Phase.TURNED | Phase.RETURNING | Phase.ABANDONING | Phase.DONE | Phase.ABANDONED:
            found = DoubtfulWindow(Doubt.MISSING, NO_SECONDS)
        case _:
            assert_never(record.phase)
    return None if found.window.is_empty else found


def fired_on_both(one: Collection[int], other: Collection[int]) -> tuple[int, ...]:
    """Instances both sides have a mark of: of the same second, or of the next one, as one side may have noticed it later."""
    return tuple(sorted(second for second in one if {second - 1, second, second + 1} & set(other)))
