"""Alarms that are there on both sides: loosened, they ring later or not at all; tightened, sooner."""

from __future__ import annotations

from collections.abc import Iterator

from uplift.review.finding import Finding, Impact, finding_on
from uplift.review.rules.alarm_conditions import (
    Compared,
    condition_judged,
    metrics_judged,
    missing_data_judged,
    statistic_judged,
    threshold_judged,
    time_judged,
)
from uplift.review.rules.judgement import follows_only, words
from uplift.review.templates.differences import Change, Fate
from uplift.review.templates.known_values import at, holds_open, is_open, members, truth
from uplift.review.templates.template import Resource
from uplift.review.wording.values import flattened

ALARM = "AWS::CloudWatch::Alarm"
COMPOSITE = "AWS::CloudWatch::CompositeAlarm"
ALARM_TYPES = frozenset({ALARM, COMPOSITE})
_WORDS = frozenset({"AlarmDescription", "Tags", "AlarmName"})
_TIMES = frozenset({"EvaluationPeriods", "DatapointsToAlarm", "Period"})
_TELLS_OF_MORE = frozenset({"OKActions", "InsufficientDataActions"})
_SUPPRESSES = frozenset({"ActionsSuppressor", "ActionsSuppressorExtensionPeriod", "ActionsSuppressorWaitPeriod"})
_KEEP = "keep it as tight as it was"


def findings_of_alarm(change: Change) -> Iterator[Finding]:
    """Findings on what differs of an alarm; new and removed ones have rules of their own."""
    if change.type not in ALARM_TYPES or change.before is None or change.after is None or change.fate is Fate.RETYPED:
        return
    names = list(dict.fromkeys(one.name for one in change.properties))
    times = [name for name in names if name in _TIMES]
    for name in names:
        if name not in _TIMES:
            yield from _of_property(change, name, change.before, change.after)
    if times:
        compared = time_judged(change.before, change.after)
        yield _said(change, compared, times)


def _of_property(change: Change, name: str, before: Resource, after: Resource) -> Iterator[Finding]:
    if name in _WORDS:
        yield finding_on(change, Impact.HARMLESS, f"alarm: {name}", words(change, name), about=[name])
    elif follows_only(change, name):
        yield finding_on(change, Impact.HARMLESS, f"alarm: {name} follows", words(change, name), about=[name])
    elif name == "AlarmActions":
        yield from _actions(change, before, after)
    elif name in _TELLS_OF_MORE:
        yield _told_of_more(change, name, before, after)
    elif name == "ActionsEnabled":
        yield _enabled(change, name, after)
    elif name in _SUPPRESSES:
        yield _suppressed(change, name, after)
    else:
        yield _said(change, _compared(name, before, after), [name])


def _compared(name: str, before: Resource, after: Resource) -> Compared:
    match name:
        case "Threshold":
            return threshold_judged(before, after)
        case "ComparisonOperator":
            return condition_judged(before, after)
        case "TreatMissingData":
            return missing_data_judged(before, after)
        case "Statistic" | "ExtendedStatistic":
            return statistic_judged(before, after)
        case "Metrics" | "Dimensions":
            return metrics_judged(name, before, after)
        case _:
            return Compared.OTHER


def _said(change: Change, compared: Compared, names: list[str]) -> Finding:
    said = "; ".join(words(change, name) for name in names)
    match compared:
        case Compared.SAME:
            return finding_on(change, Impact.HARMLESS, f"alarm: {' and '.join(names)} written otherwise", said, about=names)
        case Compared.TIGHTER:
            return finding_on(change, Impact.HARMLESS, f"alarm: {' and '.join(names)} tighter", said, about=names)
        case Compared.LOOSER:
            return finding_on(
                change, Impact.PROTECTION, f"alarm loosened: {said}", "It rings later, or for less than it did.", _KEEP, about=names
            )
        case Compared.PERHAPS_LOOSER:
            return finding_on(
                change, Impact.PROTECTION, f"alarm loosened, perhaps: {said}", "It may ring later, or not at all.", _KEEP, about=names
            )
        case Compared.SILENT_WITHOUT_DATA:
            return finding_on(
                change, Impact.PROTECTION, f"alarm loosened: {said}", "It no longer rings when nothing is measured.", _KEEP, about=names
            )
        case Compared.OTHER:
            return finding_on(
                change, Impact.PROTECTION, f"alarm watches something else: {said}", "What it rang for may now go unnoticed.", about=names
            )


def _actions(change: Change, before: Resource, after: Resource) -> Iterator[Finding]:
    old, new = (_texts(side, "AlarmActions") for side in (before, after))
    about = ["AlarmActions"]
    if is_open(after.property("AlarmActions")):
        yield finding_on(
            change, Impact.PROTECTION, "alarm notifies others, perhaps", words(change, "AlarmActions"), "keep who is told", about=about
        )
    elif gone := sorted(old - new):
        what = "Fewer are notified" if len(new) < len(old) else "Others are notified"
        yield finding_on(
            change, Impact.PROTECTION, f"alarm notifies others: no longer {', '.join(gone)}", f"{what}.", "keep who is told", about=about
        )
    elif new - old:
        topics = all(":sns:" in one or one.startswith("<") for one in new - old)
        impact = Impact.HARMLESS if topics else Impact.BEHAVIOUR
        yield finding_on(change, impact, "alarm: AlarmActions: more are notified", words(change, "AlarmActions"), about=about)
    else:
        yield finding_on(change, Impact.HARMLESS, "alarm: AlarmActions written otherwise", "", about=about)


def _told_of_more(change: Change, name: str, before: Resource, after: Resource) -> Finding:
    old, new = (_texts(side, name) for side in (before, after))
    fewer = old - new or (holds_open(after.property(name)) and old != new)
    impact = Impact.BEHAVIOUR if fewer else Impact.HARMLESS
    meaning = "Somebody is no longer told of it" if fewer else "Nobody is told less"
    return finding_on(change, impact, f"alarm: {name}", f"{meaning}: {words(change, name)}", about=[name])


def _enabled(change: Change, name: str, after: Resource) -> Finding:
    if truth(after.property(name), default=True) is True:
        return finding_on(change, Impact.HARMLESS, f"alarm: {name}", words(change, name), about=[name])
    perhaps = "" if truth(after.property(name)) is False else ", perhaps"
    return finding_on(
        change, Impact.PROTECTION, f"alarm switched off{perhaps}: {words(change, name)}", "It notifies nobody.", "leave it on", about=[name]
    )


def _suppressed(change: Change, name: str, after: Resource) -> Finding:
    """While another alarm rings, a composite one with a suppressor tells nobody (CloudWatch guide, "Alarm suppression")."""
    if at(after, "ActionsSuppressor") is None:
        return finding_on(change, Impact.HARMLESS, f"alarm: {name}", "Nothing keeps it from ringing any more.", about=[name])
    return finding_on(
        change,
        Impact.PROTECTION,
        f"alarm suppressed otherwise: {words(change, name)}",
        "It may tell nobody while another one rings.",
        about=[name],
    )


def _texts(side: Resource, name: str) -> set[str]:
    return {flattened(one) for one in members(side.property(name))}
