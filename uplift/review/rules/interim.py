from __future__ import annotations
from collections.abc import Iterator
from dataclasses import replace
from uplift.review.finding import Finding, Impact
from uplift.review.rules.access import findings_of_security, judged_properties
from uplift.review.rules.alarms import ALARM_TYPES, findings_of_alarm
from uplift.review.rules.behaviour import SPOKEN_FOR, findings_of_behaviour
from uplift.review.rules.other import findings_of_any
from uplift.review.templates.differences import Change, Fate, PropertyChange
from uplift.review.templates.template import StackTemplate

def findings_of_resource(change: Change, base: StackTemplate, head: StackTemplate) -> Iterator[Finding]:
    names = frozenset(one.name for one in change.properties)
    if change.type in ALARM_TYPES:
        if change.fate is Fate.RENAMED and not change.properties: return
        yield from (replace(f, about=f.about or names) for f in findings_of_alarm(change)); return
    found = [*findings_of_security(change), *findings_of_behaviour(change, base, head)]
    jp = judged_properties(change) | SPOKEN_FOR.get(change.type, frozenset())
    if change.fate is Fate.RENAMED and not change.properties: return
    rest = list(findings_of_any(change, head, jp))
    yield from (replace(f, about=(names & jp) or names) for f in found)
    if change.fate in {Fate.ADDED, Fate.REMOVED} and found:
        rest = [one for one in rest if one.impact is Impact.DATA_LOSS]
    yield from (replace(f, about=f.about or names) for f in rest)

def impact_of_property(change: Change, one: PropertyChange) -> tuple[Impact, str]:
    return (Impact.HARMLESS if one.name in {"Tags","Description"} else Impact.BEHAVIOUR), ""
