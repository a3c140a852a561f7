"""How long a bucket keeps its objects, from its lifecycle rules (S3 guide, "Lifecycle configuration elements")."""

from __future__ import annotations

import json
from collections.abc import Iterator
from math import inf

from uplift.review.rules.judgement import Judgement, behaviour, harmless, protection, words
from uplift.review.templates.differences import Change
from uplift.review.templates.known_values import at, holds_open, known_number, members
from uplift.review.templates.template import Resource, Value

_EXPIRY = ("ExpirationInDays", "NoncurrentVersionExpirationInDays", "ExpirationDate", "ExpiredObjectDeleteMarker")
_OLDER_VERSIONS = "NoncurrentVersionExpiration"
# Whole uploads and markers are no objects of anybody.
_SAY_NOTHING_OF_OBJECTS = {"Id", "AbortIncompleteMultipartUpload", "ExpiredObjectDeleteMarker", "Status"}
_WHERE = ("Prefix", "TagFilters", "ObjectSizeGreaterThan", "ObjectSizeLessThan")
# What is deleted, and of which objects.
_Kept = dict[tuple[str, str], float]


def judge_lifecycle(change: Change, name: str) -> Iterator[Judgement]:
    """What is kept shorter is worse than what is kept longer, and only moves between storage classes are neither."""
    path = f"{name}.Rules"
    if any(holds_open(at(side, path)) for side in (change.before, change.after)):
        yield protection("What it deletes, and when, only a deploy knows.").judged("kept shorter, perhaps", words(change, name))
        return
    before, after = _kept(change.before, path), _kept(change.after, path)
    shorter = [key for key, days in after.items() if days < _standing(before, key)]
    longer = [key for key, days in before.items() if days < after.get(key, inf)]
    if shorter:
        meaning = "; ".join(
            f"{what}{where}: {_days(_standing(before, (what, where)))} → {_days(after[what, where])}" for what, where in shorter
        )
        yield protection(f"Reports and other objects are deleted sooner: {meaning}.", "keep them as long as before").judged("kept shorter")
    elif longer:
        yield harmless("Objects are kept longer, and paid by the GB.").judged("kept longer", words(change, name))
    elif _moves(change.before, path) != _moves(change.after, path):
        yield behaviour("Objects move to another storage class, where reading may cost or take hours.").judged(
            f"{name} changed", words(change, name)
        )
    else:
        yield harmless("Objects are kept as long as before.").judged(f"{name} written otherwise", words(change, name))


def _standing(kept: _Kept, key: tuple[str, str]) -> float:
    """How long it was kept: by a rule of the same objects, or by one of all objects."""
    what, _ = key
    return min(kept.get(key, inf), kept.get((what, ""), inf))


def _kept(side: Resource | None, path: str) -> _Kept:
    found: _Kept = {}
    for rule in _rules(side, path):
        where = _of(rule)
        for what, days in _expiries(rule):
            found[what, where] = min(found.get((what, where), inf), days)
    return found


def _rules(side: Resource | None, path: str) -> Iterator[dict[str, Value]]:
    for rule in members(at(side, path)):
        if isinstance(rule, dict) and rule.get("Status") != "Disabled":
            yield rule


def _of(rule: dict[str, Value]) -> str:
    found = {name: rule[name] for name in _WHERE if rule.get(name)}
    return f" of {json.dumps(found, sort_keys=True, default=str)}" if found else ""


def _expiries(rule: dict[str, Value]) -> Iterator[tuple[str, float]]:
    if "ExpirationInDays" in rule:
        yield "objects", known_number(rule["ExpirationInDays"], 0) or 0
    if "ExpirationDate" in rule:
        yield "objects", 0
    if "NoncurrentVersionExpirationInDays" in rule:
        yield "older versions", known_number(rule["NoncurrentVersionExpirationInDays"], 0) or 0
    older = rule.get(_OLDER_VERSIONS)
    if isinstance(older, dict):
        yield "older versions", known_number(older.get("NoncurrentDays"), 0) or 0
        if (newer := known_number(older.get("NewerNoncurrentVersions"))) is not None:
            yield "number of older versions", newer


def _moves(side: Resource | None, path: str) -> list[str]:
    ignored = {*_SAY_NOTHING_OF_OBJECTS, *_EXPIRY, _OLDER_VERSIONS}
    found = [{name: value for name, value in rule.items() if name not in ignored} for rule in _rules(side, path)]
    return sorted(json.dumps(one, sort_keys=True, default=str) for one in found)


def _days(days: float) -> str:
    return "for ever" if days == inf else "until a date" if days == 0 else f"{days:g}"
