"""IAM policy documents as sets of grants, so that two can be told apart as wider and narrower.

A grant is one action on one resource for one principal under one condition; `*` and `?` match as in IAM
(IAM user guide, "IAM JSON policy elements"). A grant is new when no grant of before covers it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from uplift.review.templates.template import Value
from uplift.review.wording.values import flattened


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
            and self.condition in {"", other.condition}
        )

    @property
    def is_public(self) -> bool:
        """Whether anybody at all is allowed."""
        return self.effect == "Allow" and self.principal in {"*", "AWS:*"} and not self.condition

    def __str__(self) -> str:
        who = f" by {self.principal}" if self.principal else ""
        condition = f" if {self.condition}" if self.condition else ""
        return f"{self.action} on {self.resource or 'it'}{who}{condition}"


def grants(document: Value) -> frozenset[Grant]:
    """Every grant of a policy document."""
    statements = document.get("Statement", []) if isinstance(document, dict) else []
    return frozenset(grant for statement in _listed(statements) if isinstance(statement, dict) for grant in _of_statement(statement))


def widened(before: Iterable[Grant], after: Iterable[Grant]) -> list[Grant]:
    """What is allowed now and was not, the widest first."""
    old = [grant for grant in before if grant.effect == "Allow"]
    new = [grant for grant in after if grant.effect == "Allow" and not any(known.covers(grant) for known in old)]
    return sorted(new, key=lambda grant: (grant.resource != "*", "*" not in grant.action, grant))


def lost_denials(before: Iterable[Grant], after: Iterable[Grant]) -> list[Grant]:
    """What was denied and is not any more, in order."""
    new = [grant for grant in after if grant.effect == "Deny"]
    return sorted(grant for grant in before if grant.effect == "Deny" and not any(known.covers(grant) for known in new))


def _of_statement(statement: dict[str, Value]) -> Iterator[Grant]:
    condition = statement.get("Condition")
    under = json.dumps(condition, sort_keys=True, default=str) if condition else ""
    for action in _named(statement, "Action"):
        for resource in _named(statement, "Resource") or [""]:
            for principal in _principals(statement) or [""]:
                yield Grant(str(statement.get("Effect", "Allow")), action, resource, principal, under)


def _named(statement: dict[str, Value], name: str) -> list[str]:
    if f"Not{name}" in statement:
        return [f"not {' or '.join(sorted(flattened(item) for item in _listed(statement[f'Not{name}'])))}"]
    return [flattened(item) for item in _listed(statement.get(name, []))]


def _principals(statement: dict[str, Value]) -> list[str]:
    if "NotPrincipal" in statement:
        return [f"not {flattened(statement['NotPrincipal'])}"]
    principal = statement.get("Principal", [])
    if isinstance(principal, dict):
        return [f"{kind}:{flattened(who)}" for kind, named in principal.items() for who in _listed(named)]
    return [flattened(who) for who in _listed(principal)]


def _listed(value: Value) -> list[Value]:
    return value if isinstance(value, list) else [value]


def _matches(pattern: str, text: str) -> bool:
    if pattern == text:
        return True
    if pattern.startswith("not ") or text.startswith("not "):
        return pattern == "*"
    return fnmatchcase(text, pattern.replace("[", "[[]"))
