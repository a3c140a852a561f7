"""What changed between two censuses of a server that was in use the whole time."""

from __future__ import annotations

from dataclasses import dataclass

from uplift.keyspace.census.census import Census, PatternCount


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


# Queues, private queues and locks come and go by the dozen; below this many keys a drop says nothing.
SMALLEST_SUSPICIOUS_DROP = 50


def compare(before: Census, after: Census, largest_drop_percent: int, *, evicted: int = 0) -> CensusChange:
    """Judge two counts.

    Keys come and go while an application runs, so a count alone proves no loss. Suspicious is a drop of all keys,
    or of the keys that never expire, by more than `largest_drop_percent` and at least SMALLEST_SUSPICIOUS_DROP keys;
    and a server that held keys and is empty. Keys the server itself says it `evicted` in between are no part of a drop.
    """
    patterns = sorted(before.patterns.keys() | after.patterns.keys())
    none = PatternCount()
    changes = [PatternChange(name, before.patterns.get(name, none).keys, after.patterns.get(name, none).keys) for name in patterns]
    return CensusChange(
        before.keys,
        after.keys,
        tuple(change for change in changes if change.before != change.after),
        _suspicion(before, after, largest_drop_percent, evicted),
    )


def _suspicion(before: Census, after: Census, largest_drop_percent: int, evicted: int) -> str:
    if before.keys > evicted and after.keys == 0:
        return f"there were {before.keys} keys and there are none"
    for what, earlier, later in (("keys", before.keys, after.keys), ("keys that never expire", _without_ttl(before), _without_ttl(after))):
        drop = earlier - later - evicted
        if drop >= SMALLEST_SUSPICIOUS_DROP and drop * 100 > earlier * largest_drop_percent:
            allowed = f"upgrade.largest_key_drop_percent allows {largest_drop_percent} %"
            return f"{what} fell from {earlier} to {later}: {allowed}"
    return ""


def _without_ttl(census: Census) -> int:
    return sum(count.without_ttl for count in census.patterns.values())
