"""Conditions of IAM statements: whether one holds wherever another does, and whether one names who is meant.

Within a condition every operator and key must match, and of a key's values any one (IAM user guide, "Conditions with multiple
context keys or values"), or none of them under a negated operator.
"""

from __future__ import annotations

import json
from functools import cache

from uplift.review.templates.template import Value
from uplift.review.wording.values import flattened

# Keys that name the caller or the place a request comes from (IAM user guide, "AWS global condition context keys").
_NAMES_THE_CALLER = frozenset(
    {
        "aws:sourcearn",
        "aws:sourceaccount",
        "aws:sourceowner",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:sourceip",
        "aws:vpcsourceip",
        "aws:principalarn",
        "aws:principalaccount",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:userid",
        "aws:username",
        "kms:calleraccount",
        "s3:dataaccesspointaccount",
        "sns:endpoint",
        "lambda:functionurlauthtype",
    }
)
_OPEN_VALUES = frozenset({"*", "0.0.0.0/0", "::/0"})
# Requests without TLS: nobody who speaks to AWS by an SDK sends one.
_WITHOUT_TLS = ("aws:securetransport", "s3:tlsversion")


def written(condition: Value) -> str:
    """A condition as one text, the same for every way of writing it; empty for none."""
    if not condition:
        return ""
    if not isinstance(condition, dict):
        return flattened(condition)
    found = {
        str(operator): {str(key): sorted(map(flattened, values if isinstance(values, list) else [values])) for key, values in keys.items()}
        if isinstance(keys, dict)
        else flattened(keys)
        for operator, keys in condition.items()
    }
    return json.dumps(found, sort_keys=True)


def holds_wherever(one: str, other: str) -> bool:
    """Whether the first condition is met by every request that meets the other."""
    if one in {"", other}:
        return True
    mine, theirs = _terms(one), _terms(other)
    if not mine or not theirs:
        return False
    return all(any(_follows(term, known) for known in theirs) for term in mine)


def names_the_caller(condition: str) -> bool:
    """Whether a condition keeps out those who are not meant: a statement for everybody under it is not public."""
    return any(
        key.lower() in _NAMES_THE_CALLER and "not" not in operator.lower() and not _OPEN_VALUES & set(values)
        for operator, key, values in _terms(condition)
    )


def is_about_tls(condition: str) -> bool:
    """Whether a denial under this condition meets requests without TLS only."""
    terms = _terms(condition)
    return bool(terms) and all(key.lower() in _WITHOUT_TLS for _, key, _ in terms)


_Term = tuple[str, str, tuple[str, ...]]


def _follows(term: _Term, known: _Term) -> bool:
    """Whether `known` being met means that `term` is met."""
    (operator, key, values), (other_operator, other_key, other_values) = term, known
    if (operator.lower(), key.lower()) != (other_operator.lower(), other_key.lower()):
        return False
    if "Not" in operator:
        return set(values) <= set(other_values)
    return set(other_values) <= set(values)


@cache
def _terms(condition: str) -> tuple[_Term, ...]:
    try:
        found = json.loads(condition)
    except ValueError:
        return ()
    if not isinstance(found, dict) or not all(isinstance(keys, dict) for keys in found.values()):
        return ()
    return tuple((operator, key, tuple(values)) for operator, keys in found.items() for key, values in keys.items())
