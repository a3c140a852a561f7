"""A resource that goes, and that no other takes the place of."""

from __future__ import annotations

from collections.abc import Iterator

from uplift.review.finding import Finding, Impact, finding_on
from uplift.review.rules.asked_by_name import finds_nothing_by
from uplift.review.rules.deletion_policies import KEEPS_RECORDS
from uplift.review.rules.judgement import Meaning, behaviour, harmless, outage, protection
from uplift.review.templates.differences import Change
from uplift.review.templates.template import HOLDS_DATA, PARAMETER_GROUP

_RUNS_NO_MORE = behaviour("It does nothing any more.", "see that nothing needs it")
_NOBODY_IS_TOLD = protection("Nobody is told any more when this happens.")
_NOBODY_SEES = protection("What happens is no longer seen, or written down.")
_CUT_OFF = outage("Whoever reaches something through it is cut off.")
_SAID_BY_OTHER_RULES = frozenset(
    {
        "AWS::EC2::SecurityGroup",
        "AWS::EC2::SecurityGroupEgress",
        "AWS::EC2::SecurityGroupIngress",
        "AWS::Events::Rule",
        "AWS::IAM::GroupPolicy",
        "AWS::IAM::ManagedPolicy",
        "AWS::IAM::Policy",
        "AWS::IAM::RolePolicy",
        "AWS::IAM::UserPolicy",
        "AWS::Lambda::Permission",
        "AWS::S3::BucketPolicy",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::QueuePolicy",
        "AWS::Scheduler::Schedule",
        "AWS::SecretsManager::ResourcePolicy",
    }
)
_BY_TYPE: dict[str, Meaning] = {
    "AWS::SNS::Topic": protection("Whoever was told by it is told nothing any more, such as of alarms and of ElastiCache's events."),
    "AWS::SNS::Subscription": _NOBODY_IS_TOLD,
    "AWS::CloudWatch::Alarm": _NOBODY_IS_TOLD,
    "AWS::CloudWatch::CompositeAlarm": _NOBODY_IS_TOLD,
    "AWS::CloudWatch::AnomalyDetector": protection("Alarms on its band have no data."),
    "AWS::Logs::MetricFilter": protection("Alarms on its metric see nothing."),
    "AWS::Logs::SubscriptionFilter": protection("Whoever was sent these logs is sent nothing any more."),
    "AWS::CloudTrail::Trail": _NOBODY_SEES,
    "AWS::EC2::FlowLog": _NOBODY_SEES,
    "AWS::Config::ConfigRule": _NOBODY_SEES,
    "AWS::Config::ConfigurationRecorder": _NOBODY_SEES,
    "AWS::GuardDuty::Detector": _NOBODY_SEES,
    "AWS::SecurityHub::Hub": _NOBODY_SEES,
    "AWS::AccessAnalyzer::Analyzer": _NOBODY_SEES,
    "AWS::Backup::BackupPlan": protection("Nothing is backed up by it any more."),
    "AWS::Backup::BackupSelection": protection("What it chose is no longer backed up."),
    "AWS::WAFv2::WebACLAssociation": protection("Requests are no longer filtered."),
    "AWS::SecretsManager::RotationSchedule": protection("The token is no longer rotated, so one that leaked stays good."),
    "AWS::Lambda::EventInvokeConfig": protection("How a failed call is tried again, and kept, is the default again."),
    "AWS::EC2::VPC": _CUT_OFF,
    "AWS::EC2::Subnet": _CUT_OFF,
    "AWS::EC2::SubnetRouteTableAssociation": _CUT_OFF,
    "AWS::EC2::RouteTable": _CUT_OFF,
    "AWS::EC2::Route": _CUT_OFF,
    "AWS::EC2::NatGateway": _CUT_OFF,
    "AWS::EC2::InternetGateway": _CUT_OFF,
    "AWS::EC2::VPCGatewayAttachment": _CUT_OFF,
    "AWS::EC2::NetworkAclEntry": outage("What it let through is kept out, or what it kept out is let through."),
    "AWS::EC2::VPCPeeringConnection": _CUT_OFF,
    "AWS::EC2::TransitGatewayAttachment": _CUT_OFF,
    "AWS::EC2::VPCEndpoint": outage("Whoever has no other way to this service, such as to read the AUTH token, is cut off."),
    "AWS::ElastiCache::User": outage("Clients that log in as this user are refused."),
    "AWS::ElastiCache::UserGroup": outage("Clients that log in as its users are refused."),
    "AWS::SecretsManager::SecretTargetAttachment": behaviour("The secret no longer says where it is for."),
    "AWS::DocDB::DBInstance": outage("Who is connected to it is cut off; the cluster keeps the data."),
    "AWS::Neptune::DBInstance": outage("Who is connected to it is cut off; the cluster keeps the data."),
    "AWS::ECS::Service": outage("What it ran is stopped."),
    "AWS::EC2::Instance": outage("What runs on it is stopped."),
    "AWS::IAM::User": outage("Whoever signs in or calls as this user is refused."),
    "AWS::IAM::AccessKey": outage("Whoever calls with this key is refused."),
    "AWS::IAM::Role": behaviour("Whoever assumes it is refused."),
    "AWS::Lambda::Function": _RUNS_NO_MORE,
    "AWS::StepFunctions::StateMachine": _RUNS_NO_MORE,
    "AWS::Scheduler::ScheduleGroup": behaviour("Its schedules are deleted with it."),
    PARAMETER_GROUP: harmless(),
    "AWS::CDK::Metadata": harmless(),
    "AWS::CloudFormation::WaitConditionHandle": harmless(),
}
_WORDS = {
    "AWS::SNS::Subscription": "subscription removed",
    "AWS::CloudWatch::Alarm": "alarm removed",
    "AWS::CloudWatch::CompositeAlarm": "alarm removed",
}


def findings_of_removed(change: Change) -> Iterator[Finding]:
    """What goes with a resource. Policies, rules of security groups and schedules are said by rules of their own."""
    policy = change.resource.deletion_policy
    holds = change.type in HOLDS_DATA | KEEPS_RECORDS
    if holds and policy.startswith("Retain"):
        yield finding_on(
            change, Impact.PROTECTION, "leaves the stack", "It stays with what it holds, and nothing manages it any more.", "import it"
        )
    elif change.type in HOLDS_DATA:
        kept = "A final snapshot stays." if policy == "Snapshot" else "Nothing of it stays."
        yield finding_on(
            change, Impact.DATA_LOSS, "deleted with what it holds", kept, "leave it, or set DeletionPolicy: Retain in a deploy before"
        )
    elif holds:
        yield finding_on(
            change, Impact.PROTECTION, "deleted with what it holds", "Its records are gone, and no further ones are kept.", "keep it"
        )
    elif policy.startswith("Retain"):
        yield finding_on(change, Impact.BEHAVIOUR, "leaves the stack", "It stays as it is, and nothing manages it any more.", "import it")
    elif change.type not in _SAID_BY_OTHER_RULES:
        meaning = finds_nothing_by(change) or _BY_TYPE.get(change.type, behaviour("", "see that nothing needs it any more"))
        yield meaning.judged(_WORDS.get(change.type, "removed")).on(change)
