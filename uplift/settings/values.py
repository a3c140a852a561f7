"""What a single value of the settings may be. Each kind says in words what it found and what is allowed.

pydantic's own reading is more generous than a person expects (`true` is the number 1, `\\d` is every script's digits, 5 is a time) and its
messages name its types. Here a value is what YAML says it is, and characters of a form are ASCII.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from enum import StrEnum
from typing import Annotated

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

REFUSED = "settings_value"

_MOST_SHOWN = 120
_DIGITS = re.compile(r"[0-9]{1,18}")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?([Zz]|[+-][0-9]{2}:[0-9]{2})?")
_A_MOMENT = "a date and time with its zone, such as 2026-12-05T06:00:00Z"
# CDK takes the first for a value of its own that is not known yet, and ends in a traceback; CloudFormation looks the second up.
_NOT_THE_PERSONS = re.compile(r"\$\{Token\[|\{\{resolve:")
# EventBridge Scheduler user guide, "Schedule types": the years a schedule can name.
YEARS = (1970, 2199)


def shown(found: object) -> str:
    """A value as a person wrote it, on one line."""
    match found:
        case None:
            return "nothing"
        case bool():
            return str(found).lower()
        case str():
            return repr(found if len(found) <= _MOST_SHOWN else f"{found[:_MOST_SHOWN]}…")
        case dict():
            return "a mapping"
        case list() | tuple() | set() | frozenset():
            return "a list"
        case _:
            return f"{found}"


def shown_key(key: str) -> str:
    """A key as it stands in a path of fields: as it is written, where that is short and printable."""
    return key if key.isprintable() and len(key) <= _MOST_SHOWN else shown(key)


def refused(said: str) -> PydanticCustomError:
    """An error that is already in words."""
    return PydanticCustomError(REFUSED, "{said}", {"said": said})


def did_you_mean(found: str, names: tuple[str, ...]) -> str:
    """The nearest of the allowed names, as the end of a sentence; empty where none is near."""
    near = get_close_matches(found.lower().replace("-", "_"), [name.lower().replace("-", "_") for name in names], n=1, cutoff=0.6)
    (name,) = [name for name in names if near and name.lower().replace("-", "_") == near[0]][:1] or [""]
    return f", did you mean {name}?" if name else ""


def listed(names: tuple[object, ...]) -> str:
    """`a, b or c`."""
    *others, last = map(str, names)
    return f"{', '.join(others)} or {last}" if others else last


class _Kind(ABC):
    """A kind of value, read by itself alone: pydantic converts nothing."""

    __slots__ = ()

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    @abstractmethod
    def read(self, found: object) -> object:
        """The value. Raises the refusal in words."""


@dataclass(frozen=True, slots=True)
class Text(_Kind):
    """A text that is not blank: `form` is matched by the whole of it, `allowed` says the form in words."""

    allowed: str
    form: str = ""
    longest: int = 0
    may_be_empty: bool = False

    def read(self, found: object) -> str:
        """Raises the refusal in words."""
        if not isinstance(found, str):
            without, within = (" without quotes", ", in quotes") if isinstance(found, bool | int | float) else ("", "")
            raise refused(f"found {shown(found)}{without}, allowed: {self.allowed}{within}")
        if self.may_be_empty and not found:
            return str(found)
        if not found.strip():
            raise refused(f"is blank, allowed: {self.allowed}")
        if self.form and re.fullmatch(self.form, found) is None:
            raise refused(f"found {shown(found)}{_not_ascii(found)}, allowed: {self.allowed}")
        if found != found.strip() or not found.isprintable() or _NOT_THE_PERSONS.search(found):
            raise refused(f"found {shown(found)}, allowed: {self.allowed}, {_without(found)}")
        if self.longest and len(found) > self.longest:
            raise refused(f"found {shown(found)} of {len(found)} characters, allowed: {self.longest} at most")
        return str(found)


def _without(found: str) -> str:
    """What of it could stand in no text."""
    if found != found.strip():
        return "without blanks around it"
    return "on one line of printable characters" if not found.isprintable() else "without ${Token[ and {{resolve:"


def _not_ascii(found: object) -> str:
    odd = [character for character in found if not character.isascii()] if isinstance(found, str) else []
    return f" with {odd[0]!a} in it, which is not ASCII" if odd else ""


@dataclass(frozen=True, slots=True)
class Whole(_Kind):
    """A whole number. One in quotes is one, too; `true` and 3.0 are none."""

    low: int
    high: int | None = None

    @property
    def allowed(self) -> str:
        """The bounds in words."""
        return f"a whole number from {self.low:,} to {self.high:,}" if self.high is not None else f"a whole number of {self.low:,} or more"

    def read(self, found: object) -> int:
        """Raises the refusal in words."""
        number = int(found) if isinstance(found, str) and _DIGITS.fullmatch(found) else found
        if isinstance(number, bool) or not isinstance(number, int) or number < self.low or (self.high is not None and number > self.high):
            raise refused(f"found {shown(found)}{_not_ascii(found)}, allowed: {self.allowed}")
        return number


@dataclass(frozen=True, slots=True)
class Choice(_Kind):
    """One of a few words or numbers."""

    values: tuple[StrEnum | int, ...]

    def read(self, found: object) -> StrEnum | int:
        """Raises the refusal in words, with the nearest one."""
        for value in self.values:
            if found == value and not isinstance(found, bool | float):
                return value
        near = did_you_mean(found, tuple(map(str, self.values))) if isinstance(found, str) else ""
        raise refused(f"found {shown(found)}, allowed: {listed(self.values)}{near}")


@dataclass(frozen=True, slots=True)
class _TrueOrFalse(_Kind):
    def read(self, found: object) -> bool:
        if not isinstance(found, bool):
            raise refused(f"found {shown(found)}, allowed: true or false, without quotes")
        return found


TrueOrFalse = Annotated[bool, _TrueOrFalse()]


@dataclass(frozen=True, slots=True)
class _Moment(_Kind):
    def read(self, found: object) -> datetime:
        try:
            moment = datetime.fromisoformat(found) if isinstance(found, str) and _MOMENT.fullmatch(found) else found
        except ValueError:
            moment = None
        if not isinstance(moment, datetime):
            raise refused(f"found {shown(found)}, allowed: {_A_MOMENT}")
        if moment.tzinfo is None:
            raise refused(f"found {moment.isoformat()!r}, which has no time zone, allowed: {_A_MOMENT}")
        if not YEARS[0] < moment.year < YEARS[1]:
            raise refused(f"found {moment.isoformat()!r}, allowed: a year between {YEARS[0]} and {YEARS[1]}")
        return moment


Moment = Annotated[datetime, _Moment()]
