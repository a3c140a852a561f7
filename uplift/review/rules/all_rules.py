"""Every rule over a change of a resource that is no Redis: the one way in."""

from __future__ import annotations

from collections.abc import Iterator

from uplift.review.finding import Finding, Impact, finding_on
from uplift.review.rules.access import findings_of_access
from uplift.review.rules.added import findings_of_added
from uplift.review.rules.alarms import ALARM_TYPES, findings_of_alarm
from uplift.review.rules.behaviour import findings_of_behaviour
from uplift.review.rules.made_anew import findings_of_made_anew
from uplift.review.rules.network import findings_of_network
from uplift.review.rules.properties.table import findings_of_properties
from uplift.review.rules.removed import findings_of_removed
from uplift.review.rules.rotation import findings_of_rotation
from uplift.review.rules.secrets import findings_of_secret
from uplift.review.templates.differences import Change, Fate
from uplift.review.templates.template import PARAMETER_GROUP, STACK, StackTemplate
from uplift.review.wording.values import all_said


def findings_of_resource(change: Change, base: StackTemplate, head: StackTemplate) -> Iterator[Finding]:
    """Every finding on one changed resource but for its policies; none on one that is given another type.

    What no finding is `about` is left to the caller.
    """
    match change.fate:
        case Fate.RETYPED:
            return
        case Fate.ADDED:
            yield from _once(_of_every_fate(change, base, head), findings_of_added(change, head))
        case Fate.REMOVED:
            yield from _once(_of_every_fate(change, base, head), _gone(change))
        case Fate.CHANGED | Fate.MAY_BE_REPLACED | Fate.REPLACED | Fate.RENAMED:
            yield from _of_both_sides(change, base, head)


def _of_every_fate(change: Change, base: StackTemplate, head: StackTemplate) -> Iterator[Finding]:
    yield from findings_of_access(change, base, head)
    yield from findings_of_network(change, base, head)
    yield from findings_of_behaviour(change, base, head)


def _once(by_words: Iterator[Finding], by_type: Iterator[Finding]) -> Iterator[Finding]:
    """A new or removed resource that a rule has words for is not said to be new or removed as well, unless that is worse than harmless."""
    found = list(by_words)
    yield from found
    yield from (one for one in by_type if not found or one.impact is not Impact.HARMLESS)


def _gone(change: Change) -> Iterator[Finding]:
    if change.type == STACK:
        yield _nested(change)
    else:
        yield from findings_of_removed(change)


def _of_both_sides(change: Change, base: StackTemplate, head: StackTemplate) -> Iterator[Finding]:
    if change.type == STACK:
        yield _nested(change)
        return
    yield from findings_of_made_anew(change, base, head)
    yield from _of_every_fate(change, base, head)
    yield from findings_of_secret(change, head)
    yield from findings_of_rotation(change, head)
    yield from _parameters(change, head)
    if change.type in ALARM_TYPES:
        yield from findings_of_alarm(change)
    else:
        yield from findings_of_properties(change)


def _nested(change: Change) -> Finding:
    return finding_on(
        change,
        Impact.DATA_LOSS,
        f"nested stack {change.fate}",
        "What it does inside cannot be seen from here.",
        "review its template",
        about={one.name for one in change.properties},
    )


def _parameters(change: Change, head: StackTemplate) -> Iterator[Finding]:
    """What parameters do is said of the groups that use them."""
    if change.type != PARAMETER_GROUP or change.changed("Properties") is None:
        return
    users = head.users_of(change.resource.logical_id)
    where = f"see {' and '.join(users)}" if users else "nothing here uses it"
    impact = Impact.HARMLESS if users else Impact.BEHAVIOUR
    said = all_said(one for one in change.properties if one.name == "Properties")
    yield finding_on(change, impact, "parameters changed", f"{said}; {where}", about=["Properties"])
