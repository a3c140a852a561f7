"""IAM policies that IAM refuses and no schema does: actions without a service, ARNs of another partition, too much of them.

Sources: IAM user guide, "IAM JSON policy elements: Action", "IAM and AWS STS quotas"; IAM API reference, CreatePolicy, PutRolePolicy.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from uplift.review.refusals.refusal import Refusal
from uplift.review.rules.access_documents import DOCUMENTS
from uplift.review.templates.known_values import holds_open, is_open, members
from uplift.review.templates.template import Resource, StackTemplate, Value
from uplift.review.wording.values import shown
from uplift.settings.regions import partition_of

_ARN = re.compile(r"arn:(aws(?:-[a-z]+)*):")
_IDENTITIES = ("AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group")
_LONGEST_MANAGED_POLICY = 6144
_MOST_MANAGED_POLICIES = 20


def refused_policies(stack: StackTemplate) -> Iterator[Refusal]:
    """Every policy of every resource, and how many an identity has."""
    partition = partition_of(stack.region) if stack.region else ""
    for resource in stack.resources.values():
        for name, document in _documents(resource):
            yield from _actions(resource, name, document)
            yield from _partition(resource, name, document, partition)
        if resource.type == "AWS::IAM::ManagedPolicy":
            yield from _length(resource)
        if resource.type in _IDENTITIES:
            yield from _attached(resource, partition)


def _documents(resource: Resource) -> Iterator[tuple[str, Value]]:
    for name in DOCUMENTS:
        value = resource.property(name)
        if isinstance(value, dict) and not is_open(value):
            yield name, value.get("PolicyDocument", value)
    for one in members(resource.property("Policies")) if resource.type in _IDENTITIES else []:
        if isinstance(one, dict) and not is_open(one):
            yield "Policies", one.get("PolicyDocument")


def _statements(document: Value) -> Iterator[dict[str, Value]]:
    found = document.get("Statement") if isinstance(document, dict) else None
    yield from (one for one in members(found) if isinstance(one, dict) and not is_open(one))


def _actions(resource: Resource, name: str, document: Value) -> Iterator[Refusal]:
    for statement in _statements(document):
        for element in ("Action", "NotAction"):
            for action in members(statement.get(element)):
                if isinstance(action, str) and action != "*" and ":" not in action and not is_open(action):
                    yield Refusal(
                        resource.logical_id,
                        f"{name}: {element} {action}",
                        "an action begins with its service",
                        f"write the service before it, such as s3:{action}",
                        frozenset({name}),
                    )


def _partition(resource: Resource, name: str, document: Value, partition: str) -> Iterator[Refusal]:
    """A resource or principal of another partition is none that IAM knows here."""
    for statement in _statements(document):
        for element in ("Resource", "NotResource", "Principal", "NotPrincipal"):
            yield from (_foreign(resource, name, arn, partition) for arn in _arns(statement.get(element)) if _is_foreign(arn, partition))


def _arns(value: Value) -> Iterator[str]:
    match value:
        case str():
            yield value
        case {"Fn::Join": ["", [str(first), *_]]}:
            yield first
        case list():
            for item in value:
                yield from _arns(item)
        case dict() if not is_open(value):
            for item in value.values():
                yield from _arns(item)
        case _:
            return


def _is_foreign(arn: str, partition: str) -> bool:
    found = _ARN.match(arn)
    return found is not None and partition != "" and found[1] != partition


def _foreign(resource: Resource, name: str, arn: str, partition: str) -> Refusal:
    return Refusal(
        resource.logical_id,
        f"{name}: {shown(arn)}",
        f"the stack is in partition {partition}",
        "write ${AWS::Partition} in place of the partition",
        frozenset({name}),
    )


def _length(policy: Resource) -> Iterator[Refusal]:
    """White space does not count."""
    document = policy.property("PolicyDocument")
    if not isinstance(document, dict) or holds_open(document):
        return
    length = len("".join(json.dumps(document, separators=(",", ":"), ensure_ascii=False).split()))
    if length > _LONGEST_MANAGED_POLICY:
        yield Refusal(
            policy.logical_id,
            f"PolicyDocument of {length:,} characters",
            f"a managed policy has up to {_LONGEST_MANAGED_POLICY:,}",
            "divide it",
            frozenset({"PolicyDocument"}),
        )


def _attached(identity: Resource, partition: str) -> Iterator[Refusal]:
    arns = members(identity.property("ManagedPolicyArns"))
    if len(arns) > _MOST_MANAGED_POLICIES:
        yield Refusal(
            identity.logical_id,
            f"{len(arns)} managed policies",
            f"an identity has up to {_MOST_MANAGED_POLICIES}",
            "put some of them together",
            frozenset({"ManagedPolicyArns"}),
        )
    for arn in arns:
        yield from (_foreign(identity, "ManagedPolicyArns", one, partition) for one in _arns(arn) if _is_foreign(one, partition))
    names = [one.get("PolicyName") for one in members(identity.property("Policies")) if isinstance(one, dict)]
    for name in dict.fromkeys(one for one in names if isinstance(one, str) and names.count(one) > 1):
        yield Refusal(
            identity.logical_id, f"two policies {name}", "an identity has a name once", "rename one of them", frozenset({"Policies"})
        )
