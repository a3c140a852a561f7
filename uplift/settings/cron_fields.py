"""The fields of a cron expression, each read into what it matches.

Source: EventBridge Scheduler user guide, "Schedule types". What it leaves open is read as Quartz does, whose forms these are: a range over
the end (22-2, FRI-MON) goes on from the beginning, L-3 is three days before the last of the month, FRIL the month's last Friday.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date

from uplift.settings.values import YEARS

_ELEMENT = re.compile(r"(?P<first>\*|[0-9]{1,4}|[A-Z]{3})(-(?P<last>[0-9]{1,4}|[A-Z]{3}))?(/(?P<step>[0-9]{1,4}))?")
_LAST_DAY = re.compile(r"L(-(?P<before>[0-9]{1,2}))?")
_NEAREST_WEEKDAY = re.compile(r"(?P<day>[0-9]{1,2})W")
_LAST_OF_WEEKDAY = re.compile(r"(?P<day>[1-7]|[A-Z]{3})L")
_NTH_WEEKDAY = re.compile(r"(?P<day>[1-7]|[A-Z]{3})#(?P<nth>[1-5])")
_SATURDAY = 7


class NoSuchValue(ValueError):
    """A part of an expression that its field cannot hold; the message is the part's place and what is allowed."""


@dataclass(frozen=True, slots=True)
class Field:
    """One of the six: the numbers it can hold, with the names of them where they have names."""

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()
    more: str = ""

    def values(self, text: str) -> frozenset[int]:
        """Numbers, names, lists, ranges and steps. Raises NoSuchValue."""
        return frozenset().union(*(self.of(part) for part in text.split(",")))

    def of(self, part: str) -> frozenset[int]:
        """One part of a list. Raises NoSuchValue."""
        found = _ELEMENT.fullmatch(part)
        if found is None or (found["first"] == "*" and found["last"]):
            raise self.no_such(part)
        every = int(found["step"] or 1)
        begin = self.low if found["first"] == "*" else self.number(found["first"], part)
        end = self.number(found["last"], part) if found["last"] else begin
        if not found["last"] and (found["step"] or found["first"] == "*"):
            end = self.high
        if not 1 <= every <= self.high:
            raise self.no_such(part)
        if end < begin:
            return self._over_the_end(begin, end, every, part)
        return frozenset(range(begin, end + 1, every))

    def _over_the_end(self, begin: int, end: int, every: int, part: str) -> frozenset[int]:
        count = self.high - self.low + 1
        if self.name == "year":
            raise self.no_such(part)
        return frozenset((value - self.low) % count + self.low for value in range(begin, end + count + 1, every))

    def number(self, text: str, part: str) -> int:
        """A number or a name. Raises NoSuchValue."""
        if text in self.names:
            return self.names.index(text) + self.low
        if not text.isdigit() or not self.low <= int(text) <= self.high:
            raise self.no_such(part)
        return int(text)

    def no_such(self, part: str) -> NoSuchValue:
        """The refusal of a part."""
        names = f", {self.names[0]} to {self.names[-1]}" if self.names else ""
        return NoSuchValue(f"{part!r} as {self.name}, allowed there: {self.low} to {self.high}{names}{self.more}")


MINUTE = Field("minute", 0, 59)
HOUR = Field("hour", 0, 23)
DAY_OF_MONTH = Field("day of month", 1, 31, more=", L, LW, a day and W, or ?")
MONTH = Field("month", 1, 12, ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"))
DAY_OF_WEEK = Field("day of week", 1, 7, ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), more=", L, a day and # and 1 to 5, or ?")
YEAR = Field("year", *YEARS)


@dataclass(frozen=True, slots=True)
class DaysOfMonth:
    """Days by their number, days before the last (`L` is 0), days whose nearest weekday is meant, and the last weekday."""

    days: frozenset[int] = frozenset()
    before_last: frozenset[int] = frozenset()
    nearest_weekday_of: frozenset[int] = frozenset()
    last_weekday: bool = False

    @classmethod
    def read(cls, text: str) -> DaysOfMonth:
        """Raises NoSuchValue."""
        days: set[int] = set()
        before, nearest, last_weekday = set(), set(), False
        for part in text.split(","):
            if part == "LW":
                last_weekday = True
            elif last := _LAST_DAY.fullmatch(part):
                before.add(int(last["before"] or 0))
            elif weekday := _NEAREST_WEEKDAY.fullmatch(part):
                nearest.add(DAY_OF_MONTH.number(weekday["day"], part))
            else:
                days |= DAY_OF_MONTH.of(part)
        if any(number >= DAY_OF_MONTH.high for number in before):
            raise DAY_OF_MONTH.no_such(text)
        return cls(frozenset(days), frozenset(before), frozenset(nearest), last_weekday)

    def match(self, day: date) -> bool:
        """Whether it is one of them."""
        last = monthrange(day.year, day.month)[1]
        nearest = {_nearest_weekday(day.replace(day=number)) for number in self.nearest_weekday_of if number <= last}
        weekday = self.last_weekday and day == _nearest_weekday(day.replace(day=last))
        return day.day in self.days or last - day.day in self.before_last or day in nearest or weekday


def _nearest_weekday(day: date) -> date:
    """The day itself from Monday to Friday; else the one beside it that is in the same month, or the next."""
    last = monthrange(day.year, day.month)[1]
    match day.weekday():
        case 5:
            return day.replace(day=day.day - 1 if day.day > 1 else 3)
        case 6:
            return day.replace(day=day.day + 1 if day.day < last else last - 2)
        case _:
            return day


@dataclass(frozen=True, slots=True)
class DaysOfWeek:
    """Days of the week from 1 (Sunday) on, such a day for the nth time in its month, and for the last time."""

    days: frozenset[int] = frozenset()
    nth: tuple[int, int] | None = None
    last: frozenset[int] = frozenset()

    @classmethod
    def read(cls, text: str) -> DaysOfWeek:
        """Raises NoSuchValue, also for # in a list, which the guide calls invalid."""
        if nth := _NTH_WEEKDAY.fullmatch(text):
            return cls(nth=(DAY_OF_WEEK.number(nth["day"], text), int(nth["nth"])))
        days: set[int] = set()
        lasts: set[int] = set()
        for part in text.split(","):
            if part == "L":
                days.add(_SATURDAY)
            elif last := _LAST_OF_WEEKDAY.fullmatch(part):
                lasts.add(DAY_OF_WEEK.number(last["day"], part))
            else:
                days |= DAY_OF_WEEK.of(part)
        return cls(frozenset(days), last=frozenset(lasts))

    def match(self, day: date) -> bool:
        """Whether it is one of them."""
        # Python counts from Monday as 0, a schedule from Sunday as 1.
        weekday = (day.weekday() + 1) % 7 + 1
        is_last = day.day + 7 > monthrange(day.year, day.month)[1]
        return weekday in self.days or self.nth == (weekday, (day.day - 1) // 7 + 1) or (weekday in self.last and is_last)
