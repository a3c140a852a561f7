"""A resource that another physical one takes the place of: replaced, or under another logical id. What the old one held is not in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from uplift.review.finding import Finding, Impact, finding_on
from uplift.review.rules.asked_by_name import finds_nothing_by
from uplift.review.rules.deletion_policies import LOG_GROUP
from uplift.review.rules.ingress import NETWORK, SECURITY_GROUP
from uplift.review.rules.judgement import Meaning, behaviour, harmless, outage, protection
from uplift.review.templates.differences import Change, Fate
from uplift.review.templates.template import HOLDS_DATA, PARAMETER_GROUP, StackTemplate
from uplift.review.wording.values import all_said

_CUT_OFF = outage("Whoever reaches something through it is cut off.", "take the change back")
_TOLD_NO_MORE = protection("Who subscribed outside this template is not told any more, and whoever publishes to its ARN finds nothing.")
_ANOTHER_ARN = behaviour("Whoever names it from outside this template keeps the old name.", "see that nothing holds on to the old one")
# The data is the cluster's (DocumentDB and Neptune guides, "Deleting an instance").
_INSTANCE_OF_CLUSTER = outage("Who is connected to the old instance is cut off; the cluster keeps the data.", "choose the hour")
# What it means that the resource is another one, whatever the reason. Other types: harmless where it only follows what it refers to.
_BY_TYPE = {
    "AWS::SNS::Topic": _TOLD_NO_MORE,
    "AWS::SQS::Queue": protection("What waits in the old one is deleted with it, and whoever sends to its ARN finds nothing."),
    LOG_GROUP: protection("The old one's logs are deleted with it."),
    "AWS::DocDB::DBInstance": _INSTANCE_OF_CLUSTER,
    "AWS::Neptune::DBInstance": _INSTANCE_OF_CLUSTER,
    "AWS::EC2::VPC": _CUT_OFF,
    "AWS::EC2::Subnet": _CUT_OFF,
    "AWS::EC2::VPCEndpoint": _CUT_OFF,
    "AWS::EC2::RouteTable": _CUT_OFF,
    "AWS::EC2::NatGateway": _CUT_OFF,
    "AWS::EC2::VPCPeeringConnection": _CUT_OFF,
    "AWS::ElastiCache::User": outage("Whoever logs in as the old one is refused."),
    "AWS::IAM::Role": _ANOTHER_ARN,
    "AWS::IAM::User": outage("Its keys and passwords are gone with the old one."),
    "AWS::Lambda::Function": _ANOTHER_ARN,
    "AWS::StepFunctions::StateMachine": _ANOTHER_ARN,
    "AWS::Scheduler::ScheduleGroup": behaviour("Schedules of the old group are deleted with it.", "see which ones it has"),
}
_SUBSCRIPTION = "AWS::SNS::Subscription"
# Subscribing what is subscribed gives the ARN that is there already (SNS API, Subscribe; measured in go-to-k/cdkd #1967).
_UNSUBSCRIBED = protection(
    "The new one is given the ARN of the one that is there, and CloudFormation then deletes that ARN: nobody is told any more.",
    "keep the logical id",
)
_NAMES_ALONE = frozenset({"AlarmName", "PolicyName", "ManagedPolicyName", "Path", "Description", "Name", "DashboardName"})
_KNOWN_BY_NO_NAME = frozenset({"AWS::CloudWatch::Alarm", "AWS::IAM::Policy", "AWS::IAM::RolePolicy"})
_ASKED_AGAIN = protection("Somebody else is told, or has to confirm it once more.", "see that somebody confirms the new one")


def findings_of_made_anew(change: Change, base: StackTemplate, head: StackTemplate) -> Iterator[Finding]:
    """The one finding that says so; what differs beside it has findings of its own."""
    if not change.is_replaced:
        return
    about = frozenset(change.because)
    finding = _finding(change, base, head)
    if finding is not None:
        yield replace(finding, about=finding.about | about, replaces=True)


def _finding(change: Change, base: StackTemplate, head: StackTemplate) -> Finding | None:
    if change.type in HOLDS_DATA:
        return _empty(change)
    if change.type == PARAMETER_GROUP:
        return _parameter_group(change, head)
    if change.type in NETWORK - {SECURITY_GROUP}:
        return None
    return _meaning(change, base, head).judged(_headline(change), _why(change)).on(change)


def _headline(change: Change) -> str:
    if change.fate is Fate.RENAMED:
        return f"replaced by {change.renamed_to}"
    return f"{change.fate} because of {', '.join(change.because)}" if change.because else str(change.fate)


def _why(change: Change) -> str:
    return all_said(one for one in change.properties if one.name in change.because)


def _empty(change: Change) -> Finding:
    policy = _policy_of(change)
    kept = "the old one stays outside the stack" if policy.startswith("Retain") else "nothing of the old one stays"
    if policy == "Snapshot":
        kept = "a final snapshot of the old one stays"
    why = "; ".join(part for part in (_why(change), kept) if part)
    what = f"{_headline(change)}, empty" if change.fate is Fate.RENAMED else f"{change.fate} by an empty one"
    return finding_on(change, Impact.DATA_LOSS, what, why, "take the change back")


def _parameter_group(change: Change, head: StackTemplate) -> Finding:
    users = head.users_of(change.resource.logical_id)
    what = _headline(change) if change.fate is Fate.RENAMED else "replaced by one of another family"
    if users:
        meaning = f"A new one is made first and {' and '.join(users)} moves to it; see there what that does."
        # What its family and its parameters do is said of the groups that use it.
        return finding_on(change, Impact.HARMLESS, what, meaning, about=[one.name for one in change.properties])
    meaning = "No group here uses it, and whoever uses the old one outside keeps that: it is not deleted while it is in use."
    return finding_on(change, Impact.BEHAVIOUR if change.properties else Impact.HARMLESS, what, meaning, about=change.because)


def _meaning(change: Change, base: StackTemplate, head: StackTemplate) -> Meaning:
    if change.type == SECURITY_GROUP:
        return _security_group(change, base, head)
    if change.type == _SUBSCRIPTION:
        return _UNSUBSCRIBED if change.fate is Fate.RENAMED and not change.properties else _ASKED_AGAIN
    if (lost := finds_nothing_by(change)) is not None:
        return lost
    if change.type in _BY_TYPE:
        kept = _policy_of(change).startswith("Retain")
        return behaviour("The old one stays outside the stack.") if change.type == LOG_GROUP and kept else _BY_TYPE[change.type]
    causes = [one for one in change.properties if one.name in change.because]
    if change.fate is Fate.RENAMED or (causes and all(one.follows for one in causes)):
        return harmless("It holds nothing that another one would not.")
    if causes and all(one.name in _NAMES_ALONE for one in causes) and change.type in _KNOWN_BY_NO_NAME:
        return harmless("Nobody asks for it by its name.")
    return behaviour("", "see that nothing holds on to the old one")


def _policy_of(change: Change) -> str:
    """A renamed resource goes by its deletion policy, a replaced one by its replace policy (user guide)."""
    if change.fate is Fate.RENAMED and change.before is not None:
        return change.before.deletion_policy
    return change.resource.replace_policy


def _security_group(change: Change, base: StackTemplate, head: StackTemplate) -> Meaning:
    """Whoever is in the old group from outside stays in it: rules that name the group as their peer now mean the new one."""
    if "VpcId" in change.because or change.changed("VpcId") is not None:
        return outage("A group of another VPC lets nobody of this one in, and whoever is in it is in no group of theirs.", "keep the VPC")
    ids = {side.logical_id for side in (change.before, change.after) if side is not None}
    named = any(
        ids & one.references(name)
        for stack in (base, head)
        for one in stack.of_type(*sorted(NETWORK))
        for name in ("SourceSecurityGroupId", "SecurityGroupIngress")
    )
    if named:
        return outage("It lets its members in somewhere: members outside this template stay in the old group, and are refused.")
    return behaviour("Whoever names its id outside keeps the old one.", "see who does")
