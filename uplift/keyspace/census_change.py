"""What changed between two censuses of a server that was in use the whole time."""

from __future__ import annotations

from dataclasses import dataclass

from uplift.keyspace.census import Census, PatternCount


@dataclass(frozen=True, slots=True)
class PatternChange:
    """One pattern that is not as it was."""

    pattern: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class CensusChange:
    """Counts of both sides and the judgement on them. `suspicion` is empty when nothing points to a loss."""

    before: int
    after: int
    patterns: tuple[PatternChange, ...]
    suspicion: str


def compare(before: Census, after: Census, largest_drop_percent: int) -> CensusChange:
    """Judge two counts.

    Keys come and go while an application runs, so a count alone proves no loss. Suspicious is a drop of all keys,
    or of the keys that never expire, by more than `largest_drop_percent`.
    """
    patterns = sorted(before.patterns.keys() | after.patterns.keys())
    none = PatternCount()
    changes = [PatternChange(name, before.patterns.get(name, none).keys, after.patterns.get(name, none).keys) for name in patterns]
    suspicion = _suspicion("keys", before.keys, after.keys, largest_drop_percent) or _suspicion(
        "keys that never expire", _without_ttl(before), _without_ttl(after), largest_drop_percent
    )
    return CensusChange(before.keys, after.keys, tuple(change for change in changes if change.before != change.after), suspicion)


def _without_ttl(census: Census) -> int:
    return sum(count.without_ttl for count in census.patterns.values())


def _suspicion(what: str, before: int, after: int, largest_drop_percent: int) -> str:
    if (before - after) * 100 > before * largest_drop_percent:
        return f"{what} fell from {before} to {after}, more than the {largest_drop_percent} % that upgrade.largest_key_drop_percent allows"
    return ""
