"""The fields each type of state has to have, and may not have.

Source: Amazon States Language specification, "State Types"; what is listed here is what that page calls required or exclusive.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from uplift.review.refusals.state_machine_definitions import is_known

STATE_TYPES = ("Task", "Pass", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map")
_LEADS_ON = frozenset({"Task", "Pass", "Wait", "Parallel", "Map"})
_WAITS = ("Seconds", "Timestamp", "SecondsPath", "TimestampPath")
_PATHS = (
    "InputPath",
    "OutputPath",
    "ResultPath",
    "ItemsPath",
    "SecondsPath",
    "TimestampPath",
    "TimeoutSecondsPath",
    "HeartbeatSecondsPath",
)
_COMMON = {"Type", "Comment", "Next", "End", "InputPath", "OutputPath", "QueryLanguage", "Output", "Assign", "Parameters", "Arguments"}
_RESULTS = {"ResultPath", "ResultSelector"}
_ERRORS = {"Retry", "Catch"}
_FIELDS: Mapping[str, set[str]] = {
    "Task": _COMMON | _RESULTS | _ERRORS
    | {"Resource", "TimeoutSeconds", "TimeoutSecondsPath", "HeartbeatSeconds", "HeartbeatSecondsPath", "Credentials"},
    "Pass": _COMMON | _RESULTS | {"Result"},
    "Choice": _COMMON | {"Choices", "Default"},
    "Wait": _COMMON | set(_WAITS),
    "Succeed": _COMMON,
    "Fail": {"Type", "Comment", "Error", "ErrorPath", "Cause", "CausePath", "QueryLanguage"},
    "Parallel": _COMMON | _RESULTS | _ERRORS | {"Branches"},
    "Map": _COMMON | _RESULTS | _ERRORS
    | {
        "ItemProcessor", "Iterator", "ItemsPath", "Items", "ItemReader", "ItemSelector", "ItemBatcher", "ResultWriter", "MaxConcurrency",
        "MaxConcurrencyPath", "ToleratedFailurePercentage", "ToleratedFailurePercentagePath", "ToleratedFailureCount",
        "ToleratedFailureCountPath", "Label",
    },
}  # fmt: skip
_REFERENCE_PATH = re.compile(r"\$\$?(?:[.\[].*)?|States\..*")
_COMPARES = re.compile(
    r"(?:String|Numeric|Timestamp)(?:Equals|LessThan|GreaterThan|LessThanEquals|GreaterThanEquals)(?:Path)?|BooleanEquals(?:Path)?"
    r"|StringMatches|Is(?:Null|Present|Numeric|String|Boolean|Timestamp)"
)

Problem = tuple[str, str]


def field_problems(state: Mapping[str, Any], language: str) -> Iterator[Problem]:
    """Problems of one state in itself, each with what to do."""
    kind = str(state["Type"])
    yield from _unknown_fields(kind, state)
    yield from _ways_on(kind, state)
    if language == "JSONPath":
        yield from _paths(state)
    for number, rule in enumerate(_listed(state.get("Retry")), 1):
        yield from _retry(number, rule)
    for number, rule in enumerate(_listed(state.get("Catch")), 1):
        yield from _catch(number, rule)
    for name in ("Retry", "Catch"):
        yield from _after_all(name, _listed(state.get(name)))
    for name, least in (("TimeoutSeconds", 1), ("HeartbeatSeconds", 1), ("Seconds", 0)):
        yield from seconds_problems(name, state.get(name), least, language)
    yield from _of_type(kind, state, language)


def _after_all(name: str, rules: list[Any]) -> Iterator[Problem]:
    """`States.ALL` takes every error, so it stands alone and last (specification, "Fallback States")."""
    for number, rule in enumerate(rules, 1):
        errors = _listed(rule.get("ErrorEquals")) if isinstance(rule, dict) else []
        if "States.ALL" in errors and number < len(rules):
            yield f"has a {name.lower()} after the one of States.ALL (number {number})", "put States.ALL last"
        elif "States.ALL" in errors and len(errors) > 1:
            yield f"has a {name.lower()} of States.ALL and others (number {number})", "name States.ALL alone"


def seconds_problems(name: str, value: Any, least: int, language: str) -> Iterator[Problem]:
    """Seconds that are no whole number, or too few (specification, "Wait State" and "Timeouts")."""
    if value is None or not is_known(value) or (language == "JSONata" and isinstance(value, str)):
        return
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        yield f"has {name} {value!r}", f"allowed: a whole number, {least} and more"


def _ways_on(kind: str, state: Mapping[str, Any]) -> Iterator[Problem]:
    if kind not in _LEADS_ON:
        if "Next" in state or "End" in state:
            yield "has Next or End, which its type does not take", "take it out"
    elif "Next" in state and state.get("End") is True:
        yield "has Next and End", "keep one of them"
    elif "Next" not in state and state.get("End") is not True:
        yield "has neither Next nor End", "lead on with Next, or set End"


def _of_type(kind: str, state: Mapping[str, Any], language: str) -> Iterator[Problem]:
    match kind:
        case "Task" if "Resource" not in state:
            yield "has no Resource", "name what it calls"
        case "Choice":
            yield from _choice(state, language)
        case "Wait":
            given = [name for name in _WAITS if name in state]
            if len(given) != 1:
                yield f"has {len(given)} of {', '.join(_WAITS)}", "keep exactly one"
        case "Parallel" if not _listed(state.get("Branches")):
            yield "has no Branches", "write at least one branch"
        case "Map" if ("ItemProcessor" in state) == ("Iterator" in state):
            yield "has not exactly one of ItemProcessor and Iterator", "write ItemProcessor"
        case _:
            return


def _unknown_fields(kind: str, state: Mapping[str, Any]) -> Iterator[Problem]:
    for name in state:
        if name not in _FIELDS[kind] and not (kind in {"Choice", "Fail", "Succeed"} and name in {"Next", "End"}):
            yield f"has {name}, which a {kind} does not take", "take it out"


def _paths(state: Mapping[str, Any]) -> Iterator[Problem]:
    for name in _PATHS:
        path = state.get(name)
        if isinstance(path, str) and is_known(path) and not _REFERENCE_PATH.fullmatch(path):
            yield f"has {name} {path}", "a path begins with $"
    for name in ("Parameters", "ResultSelector", "ItemSelector"):
        yield from _payload(state.get(name))


def _payload(value: Any) -> Iterator[Problem]:
    """A field that ends with .$ has a path or an intrinsic function (specification, "Payload Template")."""
    if isinstance(value, list):
        for item in value:
            yield from _payload(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name.endswith(".$"):
                if is_known(item) and not (isinstance(item, str) and _REFERENCE_PATH.fullmatch(item)):
                    yield f"has {name}: {item}", "a field that ends with .$ takes a path, which begins with $, or a function States.…"
            else:
                yield from _payload(item)


def _retry(number: int, rule: Any) -> Iterator[Problem]:
    if not isinstance(rule, dict) or not _listed(rule.get("ErrorEquals")):
        yield f"has a retry (number {number}) without ErrorEquals", "name the errors, or States.ALL"
        return
    for name, least in (("IntervalSeconds", 1), ("MaxAttempts", 0), ("BackoffRate", 1.0)):
        value = rule.get(name)
        if isinstance(value, (int, float)) and value < least:
            yield f"has a retry with {name} {value}", f"allowed: {least} and more"


def _catch(number: int, rule: Any) -> Iterator[Problem]:
    if not isinstance(rule, dict) or not _listed(rule.get("ErrorEquals")):
        yield f"has a catch (number {number}) without ErrorEquals", "name the errors, or States.ALL"
    elif "Next" not in rule:
        yield f"has a catch (number {number}) without Next", "name the state it leads to"


def _choice(state: Mapping[str, Any], language: str) -> Iterator[Problem]:
    choices = _listed(state.get("Choices"))
    if not choices:
        yield "has no Choices", "write at least one"
    for number, rule in enumerate(choices, 1):
        if not isinstance(rule, dict):
            yield f"has a choice (number {number}) that is no object", "write it as an object"
            continue
        if "Next" not in rule:
            yield f"has a choice (number {number}) without Next", "name the state it leads to"
        if language == "JSONPath":
            yield from _condition(number, rule)
        elif "Condition" not in rule:
            yield f"has a choice (number {number}) without Condition", "write what decides"


def _condition(number: int, rule: Mapping[str, Any]) -> Iterator[Problem]:
    inner = [one for name in ("And", "Or") for one in _listed(rule.get(name))] + ([rule["Not"]] if "Not" in rule else [])
    for one in inner:
        if isinstance(one, dict):
            yield from _condition(number, one)
    if inner or "Condition" in rule:
        return
    compares = [name for name in rule if _COMPARES.fullmatch(name)]
    if len(compares) != 1:
        others = sorted(rule.keys() - {"Variable", "Next", "Comment", "Assign", "Output", *compares})
        named = f" ({', '.join(others)})" if others else ""
        yield f"has a choice (number {number}) with {len(compares)} comparisons{named}", "write exactly one, such as StringEquals"
    elif "Variable" not in rule:
        yield f"has a choice (number {number}) without Variable", "name what is compared"


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
