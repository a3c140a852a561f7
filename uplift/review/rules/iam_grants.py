"""IAM policy documents as sets of grants, so that two can be told apart as wider and narrower.

A grant is one action on one resource for one principal under one condition; `*` and `?` match as in IAM
(IAM user guide, "IAM JSON policy elements"). A grant is new when no grant of before covers it. What an expression keeps from being
read is a grant of everything it may say, known by its text alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from uplift.review.rules.iam_conditions import holds_wherever, names_the_caller, written
from uplift.review.templates.known_values import is_open
from uplift.review.templates.template import Value
from uplift.review.wording.values import flattened, shown

UNREADABLE = "whatever it says"
_NOT = "not "
_OR = " or "
_EVERYBODY = "*"
_ACCOUNT = re.compile(r"AWS:(\d{12}|<AWS::AccountId>)")


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """What one statement allows or denies. `action` and `resource` starting with `not ` are NotAction and NotResource."""

    effect: str
    action: str
    resource: str
    principal: str
    condition: str

    def covers(self, other: Grant) -> bool:
        """Whether whoever has this grant has the other one too."""
        return (
            self.effect == other.effect
            and _matches(self.action.lower(), other.action.lower())
            and _matches(self.resource, other.resource)
            and _matches(self.principal, other.principal)
            and holds_wherever(self.condition, other.condition)
        )

    @property
    def is_public(self) -> bool:
        """Whether anybody at all is allowed; whoever is not named in a NotPrincipal is anybody."""
        everybody = self.principal == _EVERYBODY or self.principal.startswith(_NOT)
        return self.effect == "Allow" and everybody and not names_the_caller(self.condition)

    def reaches(self, *actions: str) -> bool:
        """Whether one of these actions is among those it is about."""
        mine = self.action.lower()
        unknown = mine == UNREADABLE or mine.startswith(("<", "{"))
        return unknown or any(_matches(mine, action.lower()) for action in actions)

    def __str__(self) -> str:
        who = f" by {self.principal}" if self.principal else ""
        condition = f" if {self.condition}" if self.condition else ""
        return f"{self.action} on {self.resource or 'it'}{who}{condition}"


def grants(document: Value) -> frozenset[Grant]:
    """Every grant of a policy document, which some resources take as a text."""
    if document is None:
        return frozenset()
    if not isinstance(document, dict) or is_open(document):
        try:
            read = json.loads(flattened(document))
        except ValueError:
            return unreadable(document)
        # An expression in words is JSON as well.
        if not isinstance(read, dict) or "Statement" not in read:
            return unreadable(document)
        document = read
    statements = document.get("Statement", [])
    found: set[Grant] = set()
    for statement in _listed(statements):
        readable = isinstance(statement, dict) and not is_open(statement)
        found |= set(_of_statement(statement)) if readable else unreadable(statement)
    return frozenset(found)


def unreadable(value: Value) -> frozenset[Grant]:
    """What a value may allow that only a deploy knows."""
    return frozenset({Grant("Allow", UNREADABLE, flattened(value), "", "")})


def managed(arn: Value) -> Grant:
    """All that a managed policy allows, which is written elsewhere."""
    return Grant("Allow", UNREADABLE, shown(arn), "", "")


def widened(before: Iterable[Grant], after: Iterable[Grant]) -> list[Grant]:
    """What is allowed now and was not, the widest first."""
    return sorted(_uncovered("Allow", after, before), key=_widest)


def lost_denials(before: Iterable[Grant], after: Iterable[Grant]) -> list[Grant]:
    """What was denied and is not any more, in order. With the sides changed about: what is denied now and was not."""
    return sorted(_uncovered("Deny", before, after))


def _uncovered(effect: str, new: Iterable[Grant], old: Iterable[Grant]) -> list[Grant]:
    known = [grant for grant in old if grant.effect == effect]
    return [grant for grant in new if grant.effect == effect and not any(one.covers(grant) for one in known)]


def _widest(grant: Grant) -> tuple[bool, bool, bool, Grant]:
    """Everything on everything, then everything on something, then what has a star in it."""
    administrator = grant.action in {"*", "*:*"} or (grant.action == UNREADABLE and "AdministratorAccess" in grant.resource)
    return (not administrator, grant.resource != "*", "*" not in grant.action, grant)


def _of_statement(statement: dict[str, Value]) -> Iterator[Grant]:
    under = written(statement.get("Condition"))
    for action in _named(statement, "Action"):
        for resource in _named(statement, "Resource") or [""]:
            for principal in _principals(statement) or [""]:
                # An effect that only a deploy knows may be the worse one.
                yield Grant("Deny" if statement.get("Effect") == "Deny" else "Allow", action, resource, principal, under)


def _named(statement: dict[str, Value], name: str) -> list[str]:
    if f"Not{name}" in statement:
        return [f"{_NOT}{_OR.join(sorted(flattened(item) for item in _listed(statement[f'Not{name}'])))}"]
    return [flattened(item) for item in _listed(statement.get(name, []))]


def _principals(statement: dict[str, Value]) -> list[str]:
    if "NotPrincipal" in statement:
        return [f"{_NOT}{_OR.join(sorted(_who(statement['NotPrincipal'])))}"]
    return _who(statement.get("Principal", []))


def _who(principal: Value) -> list[str]:
    if isinstance(principal, dict) and not is_open(principal):
        return [_one_name(f"{kind}:{flattened(who)}") for kind, named in principal.items() for who in _listed(named)]
    return [_one_name(flattened(who)) for who in _listed(principal)]


def _one_name(principal: str) -> str:
    """An account's number is its root, and everybody in AWS is everybody (IAM user guide, "AWS JSON policy elements: Principal")."""
    if principal == "AWS:*":
        return _EVERYBODY
    account = _ACCOUNT.fullmatch(principal)
    if account is not None:
        return f"AWS:account {account[1]}"
    root = re.fullmatch(r"AWS:arn:[^:]+:iam::(\d{12}|<AWS::AccountId>):root", principal.replace("<AWS::Partition>", "aws"))
    return f"AWS:account {root[1]}" if root is not None else principal


def _listed(value: Value) -> list[Value]:
    return value if isinstance(value, list) else [value]


def _matches(pattern: str, text: str) -> bool:
    """Whether all that `text` names is among what `pattern` names."""
    if pattern in (text, "*"):
        return True
    if text.startswith(_NOT):
        if not pattern.startswith(_NOT):
            return False
        mine, theirs = _excepted(pattern), _excepted(text)
        return all(any(_matches(one, other) for one in theirs) for other in mine)
    if pattern.startswith(_NOT):
        return not any(_may_meet(one, text) for one in _excepted(pattern))
    return fnmatchcase(text, pattern.replace("[", "[[]"))


def _excepted(pattern: str) -> list[str]:
    return pattern.removeprefix(_NOT).split(_OR)


def _may_meet(one: str, other: str) -> bool:
    """Whether something may be named by both patterns: their texts before the first star or question mark do not contradict."""
    first, second = (re.split(r"[*?<{]", pattern, maxsplit=1)[0] for pattern in (one, other))
    if not re.search(r"[*?<{]", one + other):
        return one == other
    return first.startswith(second) or second.startswith(first)
