"""What changed parameters do to the application that uses a replication group."""

from __future__ import annotations

from collections.abc import Iterator

from uplift.engines.parameters import known_family, parameter_family
from uplift.review.finding import Finding, Impact, finding_on
from uplift.review.group.view import GroupView, ParameterGroupView
from uplift.review.templates.differences import Change

_EVENTS = "notify-keyspace-events"
_EVICTION = "maxmemory-policy"
_ALL_CLASSES = "g$lshzxe"
_ABOUT = ("CacheParameterGroupName",)


def parameter_findings(change: Change, before: GroupView, after: GroupView) -> Iterator[Finding]:
    """Findings on the group for every parameter that has another value, whether its parameter group was changed or swapped."""
    if before.parameters is None or after.parameters is None:
        if change.changed("CacheParameterGroupName") is not None:
            yield finding_on(
                change,
                Impact.BEHAVIOUR,
                "another parameter group",
                "Its values are not in this template.",
                "compare the two by hand",
                about=_ABOUT,
            )
        return
    differing = dict(_differing(before.parameters, after.parameters))
    for name, (old, new) in differing.items():
        yield _judged(change, name, old, new)
    if not differing and change.changed("CacheParameterGroupName") is not None:
        yield finding_on(
            change, Impact.HARMLESS, "another parameter group with the same values", "It follows the engine's family.", about=_ABOUT
        )


def _differing(before: ParameterGroupView, after: ParameterGroupView) -> Iterator[tuple[str, tuple[str, str]]]:
    """Values compared with the defaults of their own family; a new family's new parameters are no change of this pull request."""
    for name in sorted(before.values.keys() | after.values.keys()):
        old, new = _value(before, name), _value(after, name)
        if old != new and _flags(name, old) != _flags(name, new):
            yield name, (old, new)


def _value(group: ParameterGroupView, name: str) -> str:
    if name in group.values:
        return group.values[name]
    known = parameter_family(group.family).by_name.get(name) if known_family(group.family) else None
    return known.default if known is not None else "(not there)"


def _flags(name: str, value: str) -> object:
    """Event letters mean the same in any order, and A stands for all classes (redis/redis 5.0.6 src/notify.c)."""
    return frozenset(value.replace("A", _ALL_CLASSES)) if name == _EVENTS else value


def _judged(change: Change, name: str, old: str, new: str) -> Finding:
    what = f"{name}: {old or '(off)'} → {new or '(off)'}"
    if name == _EVENTS:
        lost = sorted(set(old.replace("A", _ALL_CLASSES)) - set(new.replace("A", _ALL_CLASSES)))
        meaning = f"Listeners to {' '.join(lost)} hear nothing any more, without an error." if lost else "More events are published."
        return finding_on(change, Impact.BEHAVIOUR, what, f"{meaning} It takes effect at once.", "see who subscribes before", about=_ABOUT)
    if name == _EVICTION:
        meaning = (
            "A full Redis refuses writes instead of evicting keys."
            if new == "noeviction"
            else "A full Redis throws keys away: on a Redis with jobs, an evicted key is a lost job."
            if old == "noeviction"
            else "Other keys are evicted when memory is full."
        )
        return finding_on(
            change, Impact.BEHAVIOUR, what, f"{meaning} It takes effect at once.", "compare with what the keys are for", about=_ABOUT
        )
    return finding_on(change, Impact.BEHAVIOUR, what, "It takes effect at once on every node that uses the group.", "", about=_ABOUT)
