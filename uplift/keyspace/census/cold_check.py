"""Are the cold keys still there and the same? Each is read again by its name and accounted for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from pydantic import AliasChoices, Field

from uplift.keyspace.census.cold_keys import NO_EXPIRY, ColdKey, ColdKeyPage, ColdKeyReader, batches
from uplift.keyspace.keymap.pattern import pattern_of
from uplift.keyspace.server.connection import Connection

_KEYS_A_CALL = 250
TTL_TOLERANCE_MS = 3_000
MOST_NAMED = 10_000
# Documents that older versions wrote (uplift.inplace.report/2, uplift.inplace.recovery/1, check pages) say `life_changed`.
_TTL_CHANGED = Field(validation_alias=AliasChoices("ttl_changed", "life_changed"))


class Fate(StrEnum):
    """What became of one cold key."""

    SAME = "same"
    EXPIRED = "expired"
    MISSING = "missing"
    VALUE_CHANGED = "value changed"
    TTL_CHANGED = "TTL changed"


@dataclass(slots=True)
class ColdCount:
    """How many keys met which fate; `key_seconds` adds up, over all keys, the time between the two looks."""

    compared: int = 0
    same: int = 0
    expired: int = 0
    missing: int = 0
    value_changed: int = 0
    ttl_changed: Annotated[int, _TTL_CHANGED] = 0
    key_seconds: float = 0.0

    def count(self, fate: Fate, seconds: float) -> None:
        """Take in one key, seen again `seconds` after the first look."""
        self.compared += 1
        self.key_seconds += seconds
        name = fate.name.lower()
        setattr(self, name, getattr(self, name) + 1)

    def add(self, other: ColdCount) -> None:
        """Take in another count."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(slots=True)
class ColdCheck:
    """The fates of some cold keys: in all, by pattern (all but the same), and the names of those missing or changed, MOST_NAMED at most."""

    total: ColdCount = field(default_factory=ColdCount)
    patterns: dict[str, ColdCount] = field(default_factory=dict)
    named: list[tuple[Fate, ColdKey]] = field(default_factory=list)

    def count(self, key: ColdKey, fate: Fate, seconds: float) -> None:
        """Take in one key."""
        self.total.count(fate, seconds)
        if fate is Fate.SAME:
            return
        self.patterns.setdefault(pattern_of(key.name), ColdCount()).count(fate, seconds)
        if fate is not Fate.EXPIRED and len(self.named) < MOST_NAMED:
            self.named.append((fate, key))


def check_page(page: ColdKeyPage, read_from: Callable[[int], Connection], look_again_at: Callable[[int], Connection]) -> ColdCheck:
    """Read every key of a page again.

    The two functions give a connection to a database: of the node to read, and of the primary, where whatever looks wrong is read once
    more (a replica may lag). Raises SourceUnreachable or TargetRefused.
    """
    check = ColdCheck()
    for batch in batches(page.keys, _KEYS_A_CALL):
        database = batch[0].database
        now, fates = _fates(batch, ColdKeyReader(read_from(database), database))
        doubtful = [key for key, fate in zip(batch, fates, strict=True) if fate not in (Fate.SAME, Fate.EXPIRED)]
        second = dict(zip(doubtful, _fates(doubtful, ColdKeyReader(look_again_at(database), database))[1], strict=True)) if doubtful else {}
        for key, fate in zip(batch, fates, strict=True):
            check.count(key, second.get(key, fate), max(0, now - page.read_at_ms) / 1000)
    return check


def _fates(keys: list[ColdKey], reader: ColdKeyReader) -> tuple[int, list[Fate]]:
    now, found = reader.read([key.name for key in keys])
    there = {key.name: key for key in found}
    return now, [_fate(key, there.get(key.name), now) for key in keys]


def _fate(before: ColdKey, after: ColdKey | None, now: int) -> Fate:
    if after is None:
        ended = before.expires_at_ms != NO_EXPIRY and before.expires_at_ms <= now + TTL_TOLERANCE_MS
        return Fate.EXPIRED if ended else Fate.MISSING
    if after.digest != before.digest:
        return Fate.VALUE_CHANGED
    both_end = NO_EXPIRY not in (before.expires_at_ms, after.expires_at_ms)
    same_expiry = (
        abs(before.expires_at_ms - after.expires_at_ms) <= TTL_TOLERANCE_MS if both_end else before.expires_at_ms == after.expires_at_ms
    )
    return Fate.SAME if same_expiry else Fate.TTL_CHANGED
