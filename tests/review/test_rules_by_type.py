"""The rules' tables, row by row: a resource of a type beside nothing else, and one of its properties, or itself, another."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.review.changed_properties import BEHAVIOUR, GONE, HARMLESS, LOSS, OUTAGE, PROPERTIES, PROTECTION, SECURITY
from uplift.review.finding import Finding, Impact
from uplift.review.review import review
from uplift.review.rules.added import findings_of_added
from uplift.review.rules.added_types import BY_TYPE as ADDED_BY_TYPE
from uplift.review.rules.added_types import INERT
from uplift.review.rules.all_rules import findings_of_resource
from uplift.review.rules.removed import findings_of_removed
from uplift.review.templates.differences import Change, Fate, PropertyChange
from uplift.review.templates.template import Assembly, Resource, StackTemplate, read_template

pytestmark = pytest.mark.usefixtures("nothing_refused")

NOTHING = StackTemplate("Stack", {})
_HOLD_DATA = (
    "AmazonMQ::Broker",
    "Backup::BackupVault",
    "Cassandra::Table",
    "Cognito::UserPool",
    "DocDB::DBCluster",
    "DynamoDB::GlobalTable",
    "EC2::Volume",
    "ECR::Repository",
    "EFS::FileSystem",
    "Elasticsearch::Domain",
    "FSx::FileSystem",
    "Kinesis::Stream",
    "MSK::Cluster",
    "MemoryDB::Cluster",
    "Neptune::DBCluster",
    "OpenSearchService::Domain",
    "QLDB::Ledger",
    "Redshift::Cluster",
    "S3Express::DirectoryBucket",
    "S3Tables::TableBucket",
    "Timestream::Table",
)


def _assembly(kind: str, properties: dict[str, Any]) -> Assembly:
    document = {
        "Resources": {"One": {"Type": kind, "Properties": {name: value for name, value in properties.items() if value is not GONE}}}
    }
    return Assembly("test", {"Stack": read_template("Stack", document, "test")})


@pytest.mark.parametrize(("kind", "name", "before", "after", "impact"), PROPERTIES)
def test_a_property(kind: str, name: str, before: Any, after: Any, impact: Impact) -> None:
    found = review(_assembly(kind, {name: before}), _assembly(kind, {name: after}), today=date(2026, 11, 24))
    assert found.judged
    assert found.worst is impact, [(one.finding.impact, one.finding.what, one.finding.meaning) for one in found.judged]


def _change(kind: str, fate: Fate, before: dict[str, Any] | None, after: dict[str, Any] | None) -> Change:
    old = Resource("Old", kind, before) if before is not None else None
    new = Resource("New", kind, after) if after is not None else None
    names = sorted((before or {}).keys() | (after or {}).keys()) if before is not None and after is not None else []
    differing = [(name, (before or {}).get(name), (after or {}).get(name)) for name in names]
    properties = tuple(PropertyChange((name,), one, other) for name, one, other in differing if one != other)
    return Change("Stack", fate, old, new, properties)


def _worst(found: list[Finding]) -> Impact:
    return min((one.impact for one in found), key=lambda impact: impact.rank)


@pytest.mark.parametrize(
    ("kind", "impact"),
    [
        *[
            (kind, OUTAGE)
            for kind in ("AWS::EC2::VPC", "AWS::EC2::Subnet", "AWS::EC2::RouteTable", "AWS::EC2::Route", "AWS::EC2::NatGateway")
        ],
        *[(kind, OUTAGE) for kind in ("AWS::EC2::InternetGateway", "AWS::EC2::VPCGatewayAttachment", "AWS::EC2::VPCPeeringConnection")],
        *[(kind, OUTAGE) for kind in ("AWS::EC2::SubnetRouteTableAssociation", "AWS::EC2::TransitGatewayAttachment", "AWS::EC2::Instance")],
        *[(kind, OUTAGE) for kind in ("AWS::ElastiCache::User", "AWS::ElastiCache::UserGroup", "AWS::IAM::User", "AWS::IAM::AccessKey")],
        *[(kind, OUTAGE) for kind in ("AWS::ECS::Service", "AWS::KMS::Alias", "AWS::Route53::HostedZone")],
        *[
            (kind, PROTECTION)
            for kind in ("AWS::CloudWatch::CompositeAlarm", "AWS::CloudWatch::AnomalyDetector", "AWS::Logs::MetricFilter")
        ],
        *[(kind, PROTECTION) for kind in ("AWS::Logs::SubscriptionFilter", "AWS::CloudTrail::Trail", "AWS::EC2::FlowLog")],
        *[(kind, PROTECTION) for kind in ("AWS::Config::ConfigRule", "AWS::Config::ConfigurationRecorder", "AWS::GuardDuty::Detector")],
        *[(kind, PROTECTION) for kind in ("AWS::SecurityHub::Hub", "AWS::AccessAnalyzer::Analyzer", "AWS::Backup::BackupPlan")],
        *[(f"AWS::{kind}", LOSS) for kind in _HOLD_DATA],
        ("AWS::DocDB::DBInstance", OUTAGE),
        *[(kind, PROTECTION) for kind in ("AWS::Backup::BackupSelection", "AWS::WAFv2::WebACLAssociation")],
        *[(kind, PROTECTION) for kind in ("AWS::SecretsManager::RotationSchedule", "AWS::Lambda::EventInvokeConfig")],
        *[
            (kind, BEHAVIOUR)
            for kind in ("AWS::StepFunctions::StateMachine", "AWS::Scheduler::ScheduleGroup", "AWS::CloudWatch::Dashboard")
        ],
        *[(kind, BEHAVIOUR) for kind in ("AWS::SecretsManager::SecretTargetAttachment", "AWS::IAM::Role", "AWS::Some::Thing")],
        *[(kind, HARMLESS) for kind in ("AWS::CDK::Metadata", "AWS::CloudFormation::WaitConditionHandle")],
    ],
)
def test_a_resource_that_goes(kind: str, impact: Impact) -> None:
    assert _worst(list(findings_of_removed(_change(kind, Fate.REMOVED, {}, None)))) is impact


@pytest.mark.parametrize("fate", [Fate.RENAMED, Fate.REPLACED])
@pytest.mark.parametrize(
    ("kind", "impact"),
    [
        ("AWS::S3::Bucket", LOSS),
        ("AWS::SNS::Topic", PROTECTION),
        ("AWS::SNS::Subscription", PROTECTION),
        ("AWS::SQS::Queue", PROTECTION),
        ("AWS::Logs::LogGroup", PROTECTION),
        *[(f"AWS::{kind}", LOSS) for kind in _HOLD_DATA],
        ("AWS::DocDB::DBInstance", OUTAGE),
        ("AWS::EC2::VPC", OUTAGE),
        ("AWS::EC2::NatGateway", OUTAGE),
        ("AWS::ElastiCache::User", OUTAGE),
        ("AWS::IAM::User", OUTAGE),
        ("AWS::SSM::Parameter", OUTAGE),
        ("AWS::IAM::Role", BEHAVIOUR),
        ("AWS::Lambda::Function", BEHAVIOUR),
        ("AWS::StepFunctions::StateMachine", BEHAVIOUR),
        ("AWS::Scheduler::ScheduleGroup", BEHAVIOUR),
        ("AWS::EC2::SecurityGroup", BEHAVIOUR),
    ],
)
def test_a_resource_that_is_made_anew(kind: str, impact: Impact, fate: Fate) -> None:
    assert _worst(list(findings_of_resource(_change(kind, fate, {}, {}), NOTHING, NOTHING))) is impact


def test_one_under_another_logical_id_is_harmless_alone_and_judged_for_what_differs() -> None:
    alarm = {"Threshold": 80, "ComparisonOperator": "GreaterThanThreshold", "AlarmActions": ["t"]}
    same = list(findings_of_resource(_change("AWS::CloudWatch::Alarm", Fate.RENAMED, alarm, alarm), NOTHING, NOTHING))
    assert [(one.impact, one.what) for one in same] == [(HARMLESS, "replaced by New")]
    looser = _change("AWS::CloudWatch::Alarm", Fate.RENAMED, alarm, alarm | {"Threshold": 99})
    assert _worst(list(findings_of_resource(looser, NOTHING, NOTHING))) is PROTECTION
    allows = {"PolicyDocument": {"Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "a"}}, "Roles": ["r"]}
    wider = {"PolicyDocument": {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}, "Roles": ["r"]}
    assert _worst(list(findings_of_resource(_change("AWS::IAM::Policy", Fate.RENAMED, allows, wider), NOTHING, NOTHING))) is SECURITY


def test_one_that_may_be_replaced_for_its_condition_is_not_harmless() -> None:
    """Nothing of it differs, and all of nothing is no reason."""
    change = Change(
        "Stack", Fate.MAY_BE_REPLACED, Resource("A", "AWS::Some::Thing", {}), Resource("A", "AWS::Some::Thing", {}), (), ("its condition",)
    )
    assert _worst(list(findings_of_resource(change, NOTHING, NOTHING))) is BEHAVIOUR


@pytest.mark.parametrize(
    ("kind", "properties", "impact"),
    [
        ("AWS::CloudWatch::CompositeAlarm", {"AlarmRule": "ALARM(a)"}, PROTECTION),
        ("AWS::EC2::NetworkAclEntry", {"RuleAction": "allow", "CidrBlock": "0.0.0.0/0"}, SECURITY),
        ("AWS::EC2::NetworkAclEntry", {"RuleAction": "deny", "CidrBlock": "10.0.0.0/8"}, OUTAGE),
        ("AWS::EC2::Subnet", {"MapPublicIpOnLaunch": True}, SECURITY),
        ("AWS::EC2::Subnet", {}, HARMLESS),
        ("AWS::ElasticLoadBalancingV2::LoadBalancer", {}, SECURITY),
        ("AWS::ElasticLoadBalancing::LoadBalancer", {"Scheme": "internal"}, BEHAVIOUR),
        ("AWS::Lambda::EventSourceMapping", {}, BEHAVIOUR),
        ("AWS::Lambda::EventSourceMapping", {"Enabled": False}, HARMLESS),
        ("AWS::Route53::RecordSet", {"Name": "a"}, BEHAVIOUR),
        ("AWS::S3::Bucket", {"ReplicationConfiguration": {}}, SECURITY),
        ("AWS::EC2::Route", {"NatGatewayId": "nat-1"}, BEHAVIOUR),
        ("AWS::EC2::Route", {"VpcPeeringConnectionId": "pcx-1"}, SECURITY),
        ("AWS::KMS::Key", {"Enabled": False}, BEHAVIOUR),
        ("AWS::IAM::Role", {}, SECURITY),
    ],
)
def test_a_new_resource(kind: str, properties: dict[str, Any], impact: Impact) -> None:
    assert _worst(list(findings_of_added(_change(kind, Fate.ADDED, None, properties), NOTHING))) is impact


@pytest.mark.parametrize("kind", sorted(ADDED_BY_TYPE))
def test_a_new_resource_that_is_judged_by_its_type_is_not_harmless(kind: str) -> None:
    assert kind not in INERT
    assert _worst(list(findings_of_added(_change(kind, Fate.ADDED, None, {}), NOTHING))) is not HARMLESS


def test_an_alarm_that_a_composite_one_rings_for_is_heard() -> None:
    composite = Resource("All", "AWS::CloudWatch::CompositeAlarm", {"AlarmRule": {"Fn::Join": ["", ["ALARM(", {"Ref": "New"}, ")"]]}})
    head = StackTemplate("Stack", {"All": composite})
    assert _worst(list(findings_of_added(_change("AWS::CloudWatch::Alarm", Fate.ADDED, None, {}), head))) is HARMLESS
