"""No difference passes unseen: what no rule spoke about gets a finding of its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from uplift.review.finding import Finding, Impact, finding_on
from uplift.review.group.protection import impact_of_group_property
from uplift.review.rules.properties.table import impact_of_property
from uplift.review.templates.differences import Change, Fate, PropertyChange
from uplift.review.templates.known_values import is_unknown
from uplift.review.templates.template import HOLDS_REDIS
from uplift.review.wording.values import all_said

_DESCRIBE = frozenset({"AlarmDescription", "Description", "ReplicationGroupDescription", "Tags"})
_ATTRIBUTES = {
    "DependsOn": (Impact.HARMLESS, "It is made or changed in another order."),
    "Metadata": (Impact.HARMLESS, "Only tools read it."),
    "UpdatePolicy": (Impact.BEHAVIOUR, "CloudFormation changes it in another way."),
    "CreationPolicy": (Impact.BEHAVIOUR, "CloudFormation takes it for made at another moment."),
}


def left_over(change: Change, found: Sequence[Finding], refused: frozenset[str] = frozenset()) -> Iterator[Finding]:
    """Findings on every property and attribute that none of `found` is about, one a class; on the resource itself where all is said."""
    spoken = refused.union(*(one.about for one in found))
    of_class: dict[Impact, list[tuple[PropertyChange, str]]] = defaultdict(list)
    for one in (*change.properties, *change.attributes):
        if one.name not in spoken:
            impact, meaning = _impact(change, one)
            of_class[impact].append((one, meaning))
    for impact, members in of_class.items():
        names = list(dict.fromkeys(one.name for one, _ in members))
        meanings = " ".join(dict.fromkeys(meaning for _, meaning in members if meaning))
        said = all_said(one for one, _ in members)
        what = f"description or tags: {', '.join(names)}" if _DESCRIBE.issuperset(names) else f"{', '.join(names)} changed"
        yield finding_on(change, impact, what, f"{said}. {meanings}".strip(), about=names)
    if not found and not of_class:
        yield from _whole(change)


def _impact(change: Change, one: PropertyChange) -> tuple[Impact, str]:
    if one in change.attributes:
        return _ATTRIBUTES.get(one.name, (Impact.BEHAVIOUR, ""))
    if one.follows:
        return Impact.HARMLESS, f"It follows {one.cause}."
    if change.type in HOLDS_REDIS:
        return impact_of_group_property(one)
    return impact_of_property(change, one)


def _whole(change: Change) -> Iterator[Finding]:
    match change.fate:
        case Fate.ADDED:
            yield finding_on(change, Impact.HARMLESS, "new", "")
        case Fate.RENAMED:
            yield finding_on(change, Impact.HARMLESS, f"replaced by {change.renamed_to}", "The new one is made first, and says the same.")
        case Fate.REMOVED:
            yield finding_on(change, Impact.BEHAVIOUR, "removed", "")
        case _:
            return


def at_its_worst(change: Change, finding: Finding) -> Finding:
    """The finding, saying so where a value it is about is known only at the deploy."""
    names = {
        one.name
        for one in change.properties
        if one.name in finding.about and not one.follows and (is_unknown(one.before) or is_unknown(one.after))
    }
    if not names or finding.impact is Impact.HARMLESS:
        return finding
    return finding.saying(f"{', '.join(sorted(names))} may be known only at the deploy; it is judged at its worst.")
