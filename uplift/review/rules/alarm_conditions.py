"""Whether an alarm's condition rings sooner or later than it did. Facts: CloudWatch user guide, "Using Amazon CloudWatch alarms"."""

from __future__ import annotations

import json
import re
from enum import StrEnum

from uplift.review.templates.known_values import at, known_number, members
from uplift.review.templates.template import Resource, Value
from uplift.review.wording.values import flattened


class Compared(StrEnum):
    """A condition of now beside that of before."""

    SAME = "the same"
    TIGHTER = "rings sooner"
    LOOSER = "rings later"
    PERHAPS_LOOSER = "may ring later"
    SILENT_WITHOUT_DATA = "no longer rings when nothing is measured"
    OTHER = "watches something else"


_GREATER = ("GreaterThanUpperThreshold", "GreaterThanThreshold", "GreaterThanOrEqualToThreshold")
_LESS = ("LessThanLowerThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold")
_BAND = re.compile(r"(ANOMALY_DETECTION_BAND\(\s*\w+\s*,\s*)([\d.]+)(\s*\))")
# With fewer data in a period there is less to add up, so a shorter period is not a tighter one.
_ADDED_UP = ("Sum", "SampleCount", "IQM")
_UP = ("Minimum", "Average", "Maximum")
_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d+)?|100)")
# Where nothing is measured: an alarm, nothing new, or all is well (CloudWatch guide, "how alarms treat missing data").
_WITHOUT_DATA = {"breaching": 2, "missing": 1, "ignore": 1, "notBreaching": 0}


def threshold_judged(before: Resource, after: Resource) -> Compared:
    """The side on which it rings is the operator's."""
    old, new = known_number(before.property("Threshold")), known_number(after.property("Threshold"))
    greater, less = _is_greater(after), _is_less(after)
    if before.property("ComparisonOperator") != after.property("ComparisonOperator"):
        return Compared.OTHER
    if old is None or new is None or not (greater or less):
        return Compared.PERHAPS_LOOSER
    if old == new:
        return Compared.SAME
    return Compared.LOOSER if (new > old) is greater else Compared.TIGHTER


def condition_judged(before: Resource, after: Resource) -> Compared:
    """At the threshold itself, "or equal" rings as well."""
    pair = (str(before.property("ComparisonOperator")), str(after.property("ComparisonOperator")))
    for exclusive, inclusive in ((_GREATER[1], _GREATER[2]), (_LESS[1], _LESS[2])):
        if pair == (exclusive, inclusive):
            return Compared.TIGHTER
        if pair == (inclusive, exclusive):
            return Compared.LOOSER
    return Compared.OTHER


def time_judged(before: Resource, after: Resource) -> Compared:
    """M of the last N periods have to be over the threshold: more of M, N or seconds takes longer to see, as do fewer to spare."""
    old, new = _times(before), _times(after)
    if old is None or new is None:
        return Compared.PERHAPS_LOOSER
    if old == new:
        return Compared.SAME
    (wanted, periods, seconds), (new_wanted, new_periods, new_seconds) = old, new
    longer = new_wanted > wanted or new_periods > periods or new_seconds > seconds
    if longer or new_periods - new_wanted < periods - wanted:
        return Compared.LOOSER
    added_up = at(after, "Statistic") in _ADDED_UP or at(after, "Metrics") is not None
    return Compared.PERHAPS_LOOSER if new_seconds < seconds and added_up else Compared.TIGHTER


def _times(alarm: Resource) -> tuple[float, float, float] | None:
    periods = known_number(alarm.property("EvaluationPeriods"))
    wanted = known_number(alarm.property("DatapointsToAlarm"), periods)
    # Metrics have periods of their own.
    seconds = known_number(alarm.property("Period"), 0 if at(alarm, "Metrics") is not None else None)
    return None if periods is None or wanted is None or seconds is None else (wanted, periods, seconds)


def missing_data_judged(before: Resource, after: Resource) -> Compared:
    """`missing` where nothing is said."""
    was, will = (flattened(side.property("TreatMissingData") or "missing") for side in (before, after))
    old, new = _WITHOUT_DATA.get(was), _WITHOUT_DATA.get(will)
    if was == will:
        return Compared.SAME
    if old is None or new is None:
        return Compared.PERHAPS_LOOSER
    if new < old:
        return Compared.SILENT_WITHOUT_DATA
    return Compared.TIGHTER if new > old else Compared.OTHER


def statistic_judged(before: Resource, after: Resource) -> Compared:
    """Of the same data the minimum is never above the average, nor that above the maximum."""
    old, new = _rank(before), _rank(after)
    if old is None or new is None or not (_is_greater(after) or _is_less(after)):
        return Compared.OTHER
    if old[0] != new[0]:
        return Compared.OTHER
    if old == new:
        return Compared.SAME
    return Compared.TIGHTER if (new[1] > old[1]) is _is_greater(after) else Compared.LOOSER


def _rank(alarm: Resource) -> tuple[str, float] | None:
    statistic, extended = alarm.property("Statistic"), str(alarm.property("ExtendedStatistic"))
    if statistic in _UP:
        return "statistic", float(_UP.index(str(statistic)))
    percentile = _PERCENTILE.fullmatch(extended)
    return ("percentile", float(percentile[1])) if percentile is not None else None


def metrics_judged(name: str, before: Resource, after: Resource) -> Compared:
    """What is measured, in whatever order it is written; a band that is narrower rings sooner."""
    old, new = (sorted(_without_labels(one) for one in members(side.property(name))) for side in (before, after))
    if old == new:
        return Compared.SAME
    if [_BAND.sub(r"\1\3", one) for one in old] != [_BAND.sub(r"\1\3", one) for one in new]:
        return Compared.OTHER
    widths = [[float(found[1]) for found in _BAND.findall(" ".join(side))] for side in (old, new)]
    return Compared.LOOSER if any(after_ > before_ for before_, after_ in zip(*widths, strict=True)) else Compared.TIGHTER


def _without_labels(metric: Value) -> str:
    """A label is what a graph says beside the line."""
    found = {name: value for name, value in metric.items() if name != "Label"} if isinstance(metric, dict) else metric
    return json.dumps(found, sort_keys=True, default=str)


def _is_greater(alarm: Resource) -> bool:
    return alarm.property("ComparisonOperator") in _GREATER


def _is_less(alarm: Resource) -> bool:
    return alarm.property("ComparisonOperator") in _LESS
