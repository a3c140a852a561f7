"""An objection of cfn-lint in words: what was found, what is allowed, what to do. What has no words here is said in cfn-lint's own."""

from __future__ import annotations

import ast
import difflib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from uplift.review.refusals.linter import Objection
from uplift.review.refusals.pattern_words import allowed_by_format, allowed_by_pattern
from uplift.review.refusals.refusal import Refusal
from uplift.review.templates.template import Value
from uplift.review.wording.values import is_secret, shown

_MOST_CHOICES = 12
_ATTRIBUTE_OF = {"Fn::GetAtt", "Fn::Sub"}
_KINDS = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "string": "a text",
    "array": "a list",
    "object": "an object with properties of its own",
}


@dataclass(frozen=True, slots=True)
class Found:
    """Where an objection is, and on what."""

    type: str
    place: str
    value: str
    is_attribute: bool = False

    @property
    def what(self) -> str:
        """The property and what it has."""
        return f"{self.place}: {self.value}" if self.value else self.place


@dataclass(frozen=True, slots=True)
class Said:
    """An objection in words."""

    what: str
    why: str
    action: str


def refusal_of(one: Objection, document: dict[str, Value]) -> Refusal:
    """The refusal for people. A value that may be a secret is not shown."""
    resource, steps = _resource_and_steps(one)
    kind = document["Resources"].get(resource, {}).get("Type", "") if resource else "the template"
    names = tuple(step for step in steps if isinstance(step, str))
    value = _value_at(document, one.path)
    secret = is_secret(names)
    found = Found(str(kind), _place(steps), "a secret (not shown)" if secret else _short(value), bool(_ATTRIBUTE_OF & set(one.path)))
    said = _said(found, one.message)
    if said is None:
        said = Said(
            found.what if _place(steps) else "its properties do not go together",
            "its value is not allowed" if secret else _own_words(one.message),
            f"see {found.type} in CloudFormation's reference",
        )
    about = names[:1] or tuple(re.findall(r"^'(\w+)' is a required property", one.message))
    return Refusal(resource, said.what, said.why, said.action, frozenset(about))


def _resource_and_steps(one: Objection) -> tuple[str, tuple[str | int, ...]]:
    """The logical id, and the path in it without the word Properties; outside of resources the whole path."""
    if one.path[:1] != ("Resources",) or len(one.path) < 2:
        return "", one.path
    steps = one.path[2:]
    return str(one.path[1]), steps[1:] if steps[:1] == ("Properties",) else steps


def _place(steps: tuple[str | int, ...]) -> str:
    """`VpcConfig.SubnetIds[0]`; the functions around a value are not part of its place."""
    text = ""
    of_function = False
    for step in steps:
        if isinstance(step, str):
            of_function = step.startswith("Fn::") or step == "Ref"
            text += "" if of_function else f".{step}"
        elif not of_function:
            text += f"[{step}]"
    return text.removeprefix(".")


def _value_at(document: Value, path: tuple[str | int, ...]) -> Value:
    for step in path:
        try:
            document = document[step]
        except (KeyError, IndexError, TypeError):
            return None
    return document


def _short(value: Value) -> str:
    """Scalars and expressions only: a whole object says nothing in a headline."""
    if value is None or isinstance(value, list) or (isinstance(value, dict) and len(value) != 1):
        return ""
    return json.dumps(value) if isinstance(value, (bool, int, float)) else shown(value) or "an empty text"


def _said(found: Found, message: str) -> Said | None:
    for pattern, words in _FORMS:
        match = pattern.search(message)
        if match is not None:
            return words(found, match)
    return None


def _unknown(found: Found, match: re.Match[str]) -> Said:
    nearest = (
        f"did you mean {match[2]}?" if match[2] else f"take it out, or see {found.type} in CloudFormation's reference for what there is"
    )
    return Said(f"{found.place or match[1]} is no property of {found.type}", "CloudFormation takes no property it does not know", nearest)


def _missing(found: Found, match: re.Match[str]) -> Said:
    place = f"{found.place}.{match[1]}" if found.place else match[1]
    return Said(f"{place} is missing", f"{found.type} cannot be made without it", f"set {place}")


def _choice(found: Found, match: re.Match[str]) -> Said:
    value, choices = match[1].strip("'\""), _listed(match[2])
    if found.place.endswith("DeletionPolicy") or found.place.endswith("UpdateReplacePolicy"):
        return Said(found.what, f"{found.type} has no such policy", f"allowed: {_some(choices, value)}")
    if found.is_attribute:
        return Said(
            f"{found.place}: attribute {value}", "the resource it refers to has no such attribute", f"allowed: {_some(choices, value)}"
        )
    return Said(found.what, "there is no such value", f"allowed: {_some(choices, value)}")


def _least(found: Found, match: re.Match[str]) -> Said:
    return Said(found.what, "it is too small", f"allowed: {match[1]} and more")


def _most(found: Found, match: re.Match[str]) -> Said:
    return Said(found.what, "it is too large", f"allowed: up to {match[1]}")


def _longest(found: Found, match: re.Match[str]) -> Said:
    return Said(found.what, "it is too long", f"allowed: up to {match[1]} characters")


def _shortest(found: Found, match: re.Match[str]) -> Said:
    return Said(found.what, "it is too short", f"allowed: {match[1]} characters and more")


def _items(found: Found, match: re.Match[str]) -> Said:
    bound = "at most" if match[1] == "maximum" else "at least"
    return Said(f"{found.place} has {match[3]} items", f"it has to have {bound} {match[2]}", f"allowed: {bound} {match[2]}")


def _type(found: Found, match: re.Match[str]) -> Said:
    wanted = " or ".join(_KINDS.get(kind, kind) for kind in re.findall(r"'(\w+)'", match[1]))
    return Said(found.what, f"it has to be {wanted}", f"allowed: {wanted}")


def _pattern(found: Found, match: re.Match[str]) -> Said:
    return Said(
        found.what, "it is not written as AWS takes it", f"allowed: {allowed_by_pattern(_unquoted(match[1]), found.type, found.place)}"
    )


def _format(found: Found, match: re.Match[str]) -> Said:
    return Said(found.what, "it is not written as AWS takes it", f"allowed: {allowed_by_format(match[1], found.type, found.place)}")


def _one_of(found: Found, match: re.Match[str]) -> Said:
    names = _listed(match[1])
    place = f" in {found.place}" if found.place else ""
    return Said(
        f"of {', '.join(names)}{place} there has to be exactly one", "there is none of them, or more than one", "set exactly one of them"
    )


def _any_of(found: Found, _match: re.Match[str]) -> Said:
    return Said(
        f"{found.place or found.type} lacks a property",
        "one of several properties has to be there, and none is",
        "set one of those named as missing",
    )


def _twice(found: Found, match: re.Match[str]) -> Said:
    names = " and ".join(_listed(match[1])) if match[1] else "value"
    return Said(f"{found.place} has the same {names} twice", "each may stand there once", "leave one of them")


_FORMS: tuple[tuple[re.Pattern[str], Callable[[Found, re.Match[str]], Said]], ...] = (
    (re.compile(r"^Additional properties are not allowed \('([^']+)' was unexpected(?:\. Did you mean '([^']+)'\?)?"), _unknown),
    (re.compile(r"^(?:Only one|One) of (\[.*\]) is a required property"), _one_of),
    (re.compile(r"^'([^']+)' is a required property"), _missing),
    (re.compile(r"^(.*?) is not one of (\[[^\]]*\])"), _choice),
    (re.compile(r"is less than the minimum of ([-\d.]+)"), _least),
    (re.compile(r"is greater than the maximum of ([-\d.]+)"), _most),
    (re.compile(r"is longer than (\d+)"), _longest),
    (re.compile(r"is shorter than (\d+)"), _shortest),
    (re.compile(r"expected (maximum|minimum) (?:item|property) count: (\d+), found: (\d+)"), _items),
    (re.compile(r"is not of type ('\w+'(?:, '\w+')*)"), _type),
    (re.compile(r"is not a '([^']+)'"), _format),
    (re.compile(r"does not match (['\"].*['\"])$", re.DOTALL), _pattern),
    (re.compile(r"is not valid under any of the given schemas"), _any_of),
    (re.compile(r"(?:array items are not unique for keys (\[.*\])|has non-unique elements|array items are not unique)"), _twice),
)


def _listed(text: str) -> list[str]:
    try:
        return [str(one) for one in ast.literal_eval(text)]
    except (ValueError, SyntaxError):
        return [text]


def _some(choices: list[str], value: str) -> str:
    """All of a short list; of a long one those that are nearest to what was written."""
    if len(choices) <= _MOST_CHOICES:
        return ", ".join(choices)
    nearest = difflib.get_close_matches(value, choices, _MOST_CHOICES, 0.4) or choices[:_MOST_CHOICES]
    return f"{', '.join(nearest)} and {len(choices) - len(nearest)} more"


def _unquoted(text: str) -> str:
    try:
        return str(ast.literal_eval(text))
    except (ValueError, SyntaxError):
        return text[1:-1]


def _own_words(message: str) -> str:
    text = " ".join(message.split())
    return text if len(text) <= 300 else f"{text[:299]}…"
