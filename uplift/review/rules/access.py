"""Who may do what, and who can reach what: IAM, resource policies, security groups, encryption and public access."""

from __future__ import annotations

from collections.abc import Iterator

from uplift.review.finding import Finding, Impact, Seconds, finding_on
from uplift.review.rules.iam_grants import Grant, grants, lost_denials, widened
from uplift.review.rules.ingress import Rule, rules_of
from uplift.review.templates.differences import Change, Fate
from uplift.review.templates.template import Resource, Value
from uplift.review.wording.values import all_said, said, shown

_DOCUMENTS = ("PolicyDocument", "AssumeRolePolicyDocument", "KeyPolicy", "ResourcePolicy")
_KEEPS_SECRET = (
    "KmsMasterKeyId",
    "BucketEncryption",
    "SSESpecification",
    "PublicAccessBlockConfiguration",
    "SqsManagedSseEnabled",
    "KmsKeyId",
)
_MOST_NAMED = 6
_BOUNDARY = "PermissionsBoundary"
_NETWORK = ("AWS::EC2::SecurityGroup", "AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress")


def findings_of_security(change: Change) -> Iterator[Finding]:
    """Findings of any resource about access; nothing where it has none."""
    yield from _policies(change)
    if change.type in _NETWORK:
        yield from _network(change)
    if change.fate not in {Fate.ADDED, Fate.REMOVED}:
        yield from _encryption(change)
    if change.type in {"AWS::Lambda::Permission", "AWS::Lambda::Url"} and change.fate is not Fate.REMOVED:
        yield finding_on(change, Impact.SECURITY, "who may call a function", all_said(change.properties), "read who is let in")


def judged_properties(change: Change) -> frozenset[str]:
    """The properties whose changes these rules speak for."""
    names = {*_DOCUMENTS, *_KEEPS_SECRET, "Policies", "ManagedPolicyArns", _BOUNDARY}
    if change.type in _NETWORK:
        names |= {one.name for one in change.properties}
    return frozenset(names)


def _policies(change: Change) -> Iterator[Finding]:
    before, after = (_grants(side) for side in (change.before, change.after))
    wider, undenied = widened(before, after), lost_denials(before, after) if change.after is not None else []
    if public := [grant for grant in wider if grant.is_public]:
        yield finding_on(change, Impact.SECURITY, "open to everybody", _named(public), "name who is meant")
    elif wider:
        yield finding_on(change, Impact.SECURITY, "more is allowed", _named(wider), "see that each is needed")
    if undenied:
        yield finding_on(change, Impact.SECURITY, "a denial was removed", _named(undenied), "keep it")
    narrower = widened(after, before) if change.before is not None else []
    if narrower and not wider and change.after is not None:
        yield finding_on(change, Impact.BEHAVIOUR, "less is allowed", _named(narrower), "see that nothing needs it any more")
    boundary = change.changed(_BOUNDARY)
    if boundary is not None:
        yield finding_on(change, Impact.SECURITY, "another permissions boundary", said(boundary), "see that it allows no more")


def _grants(side: Resource | None) -> frozenset[Grant]:
    if side is None:
        return frozenset()
    found: set[Grant] = set()
    for name in _DOCUMENTS:
        found |= grants(side.property(name))
    for policy in _listed(side.property("Policies")):
        found |= grants(policy.get("PolicyDocument")) if isinstance(policy, dict) else set()
    for arn in _listed(side.property("ManagedPolicyArns")):
        found.add(Grant("Allow", "whatever it says", shown(arn), "", ""))
    return frozenset(found)


def _network(change: Change) -> Iterator[Finding]:
    before, after = (rules_of(side) for side in (change.before, change.after))
    for opened in sorted(after - before):
        if not any(known.covers(opened) for known in before):
            yield _opened(change, opened)
    for closed in sorted(before - after):
        if not any(known.covers(closed) for known in after):
            yield _closed(change, closed)
    if change.is_replaced and before == after and change.type == _NETWORK[0]:
        yield finding_on(
            change, Impact.BEHAVIOUR, f"replaced because of {', '.join(change.because)}", "Whoever names its id outside keeps the old one."
        )


def _opened(change: Change, rule: Rule) -> Finding:
    if rule.is_public:
        return finding_on(change, Impact.SECURITY, "open to the internet", f"{rule}.", "name the security group of the clients instead")
    return finding_on(change, Impact.SECURITY, f"wider {rule.direction}", f"{rule}.", "see that it is needed")


def _closed(change: Change, rule: Rule) -> Finding:
    if rule.direction == "egress":
        return finding_on(change, Impact.BEHAVIOUR, "narrower egress", f"No longer: {rule}.", "see that nothing needs it any more")
    return finding_on(
        change,
        Impact.OUTAGE,
        "narrower ingress",
        f"No longer: {rule}. New connections from there are refused.",
        "see that nobody connects from there any more",
        outage=Seconds(0, None),
    )


def _encryption(change: Change) -> Iterator[Finding]:
    for name in _KEEPS_SECRET:
        one = change.changed(name)
        if one is not None:
            yield finding_on(change, Impact.SECURITY, f"{name} changed", said(one), "see that it protects no less")


def _named(named: list[Grant]) -> str:
    lines = [str(grant) for grant in named[:_MOST_NAMED]]
    more = len(named) - len(lines)
    return "; ".join(lines) + (f"; and {more} more" if more else "")


def _listed(value: Value) -> list[Value]:
    return value if isinstance(value, list) else []
