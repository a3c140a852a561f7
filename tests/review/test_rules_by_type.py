"""The rules' tables, row by row: a resource of a type beside nothing else, and one of its properties, or itself, another."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

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

LOSS, OUTAGE, SECURITY, PROTECTION = Impact.DATA_LOSS, Impact.OUTAGE, Impact.SECURITY, Impact.PROTECTION
BEHAVIOUR, HARMLESS = Impact.BEHAVIOUR, Impact.HARMLESS
NOTHING = StackTemplate("Stack", {})
_GONE: Any = None
_RECOVERED = {"PointInTimeRecoveryEnabled": True}
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
        "Resources": {"One": {"Type": kind, "Properties": {name: value for name, value in properties.items() if value is not _GONE}}}
    }
    return Assembly("test", {"Stack": read_template("Stack", document, "test")})


PROPERTIES: list[tuple[str, str, Any, Any, Impact]] = [
    ("AWS::Backup::BackupPlan", "BackupPlan", {"a": 1}, {"a": 2}, PROTECTION),
    ("AWS::Backup::BackupSelection", "BackupSelection", {"a": 1}, {"a": 2}, PROTECTION),
    ("AWS::Backup::BackupVault", "LockConfiguration", {"MinRetentionDays": 7}, _GONE, PROTECTION),
    ("AWS::CloudTrail::Trail", "IsLogging", True, False, PROTECTION),
    ("AWS::CloudTrail::Trail", "IsLogging", False, True, HARMLESS),
    ("AWS::CloudTrail::Trail", "EnableLogFileValidation", True, _GONE, PROTECTION),
    ("AWS::CloudTrail::Trail", "IsMultiRegionTrail", True, False, PROTECTION),
    ("AWS::GuardDuty::Detector", "Enable", True, False, PROTECTION),
    ("AWS::DynamoDB::GlobalTable", "SSESpecification", {"SSEEnabled": True}, _GONE, SECURITY),
    ("AWS::DynamoDB::Table", "SSESpecification", {"SSEEnabled": True}, {"SSEEnabled": False}, SECURITY),
    ("AWS::DynamoDB::Table", "SSESpecification", _GONE, {"SSEEnabled": True}, HARMLESS),
    ("AWS::DynamoDB::Table", "SSESpecification", {"SSEEnabled": True}, {"SSEEnabled": True, "KMSMasterKeyId": "k"}, BEHAVIOUR),
    ("AWS::DynamoDB::Table", "StreamSpecification", {"StreamViewType": "KEYS_ONLY"}, _GONE, BEHAVIOUR),
    ("AWS::DynamoDB::Table", "KinesisStreamSpecification", _GONE, {"StreamArn": "s"}, SECURITY),
    ("AWS::DynamoDB::Table", "GlobalSecondaryIndexes", [{"IndexName": "i"}], _GONE, BEHAVIOUR),
    ("AWS::DynamoDB::Table", "TableClass", _GONE, "STANDARD_INFREQUENT_ACCESS", HARMLESS),
    ("AWS::DynamoDB::Table", "ContributorInsightsSpecification", {"Enabled": True}, _GONE, HARMLESS),
    (
        "AWS::DynamoDB::Table",
        "PointInTimeRecoverySpecification",
        _RECOVERED | {"RecoveryPeriodInDays": 35},
        _RECOVERED | {"RecoveryPeriodInDays": 1},
        PROTECTION,
    ),
    ("AWS::DynamoDB::Table", "BillingMode", "PROVISIONED", "PAY_PER_REQUEST", BEHAVIOUR),
    ("AWS::EC2::Route", "GatewayId", _GONE, "igw-1", SECURITY),
    ("AWS::EC2::Route", "GatewayId", "igw-1", _GONE, OUTAGE),
    ("AWS::EC2::Route", "NatGatewayId", "nat-1", "nat-2", OUTAGE),
    ("AWS::EC2::NetworkAclEntry", "RuleAction", "deny", "allow", SECURITY),
    ("AWS::EC2::NetworkAclEntry", "RuleAction", "allow", "deny", OUTAGE),
    ("AWS::EC2::NetworkAclEntry", "PortRange", {"From": 1, "To": 9}, {"From": 1, "To": 2}, OUTAGE),
    ("AWS::EC2::Subnet", "MapPublicIpOnLaunch", False, True, SECURITY),
    ("AWS::EC2::Subnet", "MapPublicIpOnLaunch", True, False, BEHAVIOUR),
    ("AWS::EC2::SubnetRouteTableAssociation", "RouteTableId", "a", "b", OUTAGE),
    ("AWS::EC2::VPC", "EnableDnsSupport", True, False, OUTAGE),
    ("AWS::EC2::VPC", "EnableDnsHostnames", True, False, OUTAGE),
    ("AWS::EC2::VPC", "CidrBlock", "10.0.0.0/16", "10.1.0.0/16", OUTAGE),
    ("AWS::EC2::VPCEndpoint", "RouteTableIds", ["a", "b"], ["a"], OUTAGE),
    ("AWS::EC2::VPCEndpoint", "SecurityGroupIds", ["a"], ["a", "b"], SECURITY),
    ("AWS::EC2::VPCEndpoint", "SecurityGroupIds", ["a", "b"], ["a"], OUTAGE),
    ("AWS::ECS::Service", "DesiredCount", 2, 0, OUTAGE),
    ("AWS::ECS::Service", "NetworkConfiguration", {"a": 1}, {"a": 2}, OUTAGE),
    ("AWS::ElastiCache::SubnetGroup", "SubnetIds", ["a", "b"], ["a", "c"], BEHAVIOUR),
    ("AWS::ElastiCache::User", "AuthenticationMode", {"Type": "password"}, {"Type": "no-password-required"}, SECURITY),
    ("AWS::ElastiCache::User", "AuthenticationMode", {"Type": "password"}, {"Type": "iam"}, OUTAGE),
    ("AWS::ElastiCache::User", "AccessString", "on ~app:* +@all", "on ~app:1 +get", OUTAGE),
    ("AWS::ElastiCache::User", "AccessString", "on ~app:* +@all -keys", "on ~app:* +@all", SECURITY),
    ("AWS::ElastiCache::User", "AccessString", "on ~app:* +@all", "on ~app:* +@all -keys", OUTAGE),
    ("AWS::ElastiCache::User", "AccessString", "on ~* +get", "on allkeys +get", HARMLESS),
    ("AWS::ElastiCache::UserGroup", "UserIds", ["a"], ["a", "b"], SECURITY),
    ("AWS::ElastiCache::UserGroup", "UserIds", ["a", "b"], ["a"], OUTAGE),
    ("AWS::IAM::AccessKey", "Status", "Inactive", "Active", SECURITY),
    ("AWS::IAM::AccessKey", "Serial", 1, 2, BEHAVIOUR),
    ("AWS::IAM::AccessKey", "UserName", "a", "b", SECURITY),
    ("AWS::IAM::InstanceProfile", "Roles", ["a"], ["b"], SECURITY),
    ("AWS::IAM::OIDCProvider", "ClientIdList", ["a"], ["a", "b"], SECURITY),
    ("AWS::IAM::OIDCProvider", "ThumbprintList", ["a"], ["b"], SECURITY),
    ("AWS::IAM::OIDCProvider", "Url", "https://a", "https://b", SECURITY),
    ("AWS::IAM::SAMLProvider", "SamlMetadataDocument", "a", "b", SECURITY),
    ("AWS::IAM::User", "Groups", ["a"], ["a", "admin"], SECURITY),
    ("AWS::IAM::User", "Groups", ["a", "b"], ["a"], BEHAVIOUR),
    ("AWS::IAM::User", "LoginProfile", _GONE, {"Password": "x"}, SECURITY),
    ("AWS::IAM::User", "PermissionsBoundary", "b", _GONE, SECURITY),
    ("AWS::IAM::UserToGroupAddition", "GroupName", "a", "b", SECURITY),
    ("AWS::IAM::UserToGroupAddition", "Users", ["a"], ["a", "b"], SECURITY),
    ("AWS::KMS::Alias", "TargetKeyId", "a", "b", BEHAVIOUR),
    ("AWS::KMS::Alias", "AliasName", "alias/a", "alias/b", OUTAGE),
    ("AWS::KMS::Key", "BypassPolicyLockoutSafetyCheck", _GONE, True, PROTECTION),
    ("AWS::KMS::Key", "RotationPeriodInDays", 365, 2000, PROTECTION),
    ("AWS::KMS::Key", "RotationPeriodInDays", 365, 90, HARMLESS),
    ("AWS::KMS::ReplicaKey", "Enabled", True, False, OUTAGE),
    ("AWS::Lambda::EventInvokeConfig", "DestinationConfig", {"OnFailure": {"Destination": "d"}}, _GONE, PROTECTION),
    ("AWS::Lambda::EventInvokeConfig", "MaximumRetryAttempts", 2, 0, PROTECTION),
    ("AWS::Lambda::EventSourceMapping", "Enabled", True, False, BEHAVIOUR),
    ("AWS::Lambda::EventSourceMapping", "DestinationConfig", {"OnFailure": {"Destination": "d"}}, _GONE, PROTECTION),
    ("AWS::Lambda::Function", "CodeSigningConfigArn", "c", _GONE, SECURITY),
    ("AWS::Lambda::Function", "KmsKeyArn", "k", _GONE, SECURITY),
    ("AWS::Lambda::Function", "TracingConfig", {"Mode": "Active"}, _GONE, PROTECTION),
    ("AWS::Lambda::Function", "TracingConfig", {"Mode": "Active"}, {"Mode": "PassThrough"}, PROTECTION),
    ("AWS::Lambda::Function", "TracingConfig", {"Mode": "PassThrough"}, {"Mode": "Active"}, HARMLESS),
    ("AWS::Lambda::Function", "RecursiveLoop", "Terminate", "Allow", BEHAVIOUR),
    ("AWS::Lambda::Function", "LoggingConfig", {"ApplicationLogLevel": "INFO"}, {"ApplicationLogLevel": "FATAL"}, PROTECTION),
    ("AWS::Lambda::Function", "LoggingConfig", {"LogGroup": "a"}, {"LogGroup": "b"}, BEHAVIOUR),
    ("AWS::Lambda::Function", "Timeout", 60, 3, BEHAVIOUR),
    ("AWS::Lambda::Function", "FunctionName", "a", "b", BEHAVIOUR),
    ("AWS::Lambda::LayerVersionPermission", "Principal", "1", "*", SECURITY),
    ("AWS::Lambda::Url", "Cors", _GONE, {"AllowOrigins": ["*"]}, SECURITY),
    ("AWS::Logs::LogGroup", "DataProtectionPolicy", {"a": 1}, _GONE, SECURITY),
    ("AWS::Logs::LogGroup", "DeletionProtectionEnabled", True, False, PROTECTION),
    ("AWS::Logs::LogGroup", "KmsKeyId", "k", _GONE, SECURITY),
    ("AWS::Logs::LogGroup", "KmsKeyId", _GONE, "k", BEHAVIOUR),
    ("AWS::Logs::MetricFilter", "FilterPattern", "a", "b", PROTECTION),
    ("AWS::Logs::MetricFilter", "MetricTransformations", [{"a": 1}], [{"a": 2}], PROTECTION),
    ("AWS::RDS::DBInstance", "DeletionProtection", True, False, PROTECTION),
    ("AWS::RDS::DBInstance", "PubliclyAccessible", False, True, SECURITY),
    ("AWS::Route53::RecordSet", "AliasTarget", {"DNSName": "a"}, {"DNSName": "b"}, OUTAGE),
    ("AWS::Route53::RecordSet", "HealthCheckId", "h", _GONE, PROTECTION),
    ("AWS::Route53::RecordSet", "Type", "A", "CNAME", OUTAGE),
    ("AWS::Route53::RecordSetGroup", "RecordSets", [{"Name": "a"}], [], OUTAGE),
    ("AWS::S3::Bucket", "NotificationConfiguration", {"TopicConfigurations": []}, _GONE, BEHAVIOUR),
    ("AWS::S3::Bucket", "ObjectLockConfiguration", {"ObjectLockEnabled": "Enabled"}, _GONE, PROTECTION),
    ("AWS::S3::Bucket", "ObjectLockEnabled", True, False, PROTECTION),
    ("AWS::S3::Bucket", "ReplicationConfiguration", {"Role": "r"}, _GONE, PROTECTION),
    ("AWS::S3::Bucket", "ReplicationConfiguration", _GONE, {"Role": "r"}, SECURITY),
    ("AWS::S3::Bucket", "AccessControl", "PublicRead", "Private", BEHAVIOUR),
    ("AWS::S3::Bucket", "AccessControl", "Private", {"Fn::ImportValue": "acl"}, SECURITY),
    ("AWS::S3::BucketPolicy", "Bucket", "a", "b", SECURITY),
    ("AWS::SNS::Subscription", "DeliveryPolicy", {"a": 1}, {"a": 2}, PROTECTION),
    ("AWS::SNS::Subscription", "RawMessageDelivery", False, True, BEHAVIOUR),
    ("AWS::SNS::Subscription", "RedrivePolicy", {"deadLetterTargetArn": "q"}, _GONE, PROTECTION),
    ("AWS::SNS::Topic", "ArchivePolicy", {"MessageRetentionPeriod": 30}, {"MessageRetentionPeriod": 1}, PROTECTION),
    ("AWS::SNS::Topic", "DataProtectionPolicy", {"a": 1}, _GONE, SECURITY),
    ("AWS::SNS::Topic", "DeliveryStatusLogging", [{"Protocol": "sqs"}], _GONE, PROTECTION),
    ("AWS::SNS::Topic", "TracingConfig", "Active", "PassThrough", HARMLESS),
    ("AWS::SNS::Topic", "Subscription", [{"Protocol": "email", "Endpoint": "a"}], [], PROTECTION),
    ("AWS::SQS::Queue", "KmsMasterKeyId", "k", _GONE, SECURITY),
    ("AWS::SQS::Queue", "KmsMasterKeyId", _GONE, "k", PROTECTION),
    ("AWS::SQS::Queue", "RedrivePolicy", {"maxReceiveCount": 3}, _GONE, PROTECTION),
    ("AWS::SQS::Queue", "VisibilityTimeout", 30, 60, BEHAVIOUR),
    ("AWS::SQS::Queue", "QueueName", "a", "b", PROTECTION),
    ("AWS::SQS::QueuePolicy", "Queues", ["a", "b"], ["a"], PROTECTION),
    ("AWS::SSM::MaintenanceWindow", "Enabled", True, False, BEHAVIOUR),
    ("AWS::SSM::Parameter", "AllowedPattern", _GONE, "a", HARMLESS),
    ("AWS::SSM::Parameter", "Policies", _GONE, "[]", PROTECTION),
    ("AWS::SSM::Parameter", "Tier", "Standard", "Advanced", HARMLESS),
    ("AWS::SSM::Parameter", "Type", "String", "StringList", BEHAVIOUR),
    ("AWS::Scheduler::Schedule", "EndDate", _GONE, "2027-01-01", BEHAVIOUR),
    ("AWS::Scheduler::Schedule", "GroupName", "a", "b", BEHAVIOUR),
    ("AWS::Scheduler::Schedule", "StartDate", "2026-01-01", "2027-01-01", BEHAVIOUR),
    ("AWS::SecretsManager::ResourcePolicy", "BlockPublicPolicy", True, False, SECURITY),
    ("AWS::SecretsManager::RotationSchedule", "RotateImmediatelyOnUpdate", False, True, OUTAGE),
    ("AWS::SecretsManager::Secret", "KmsKeyId", "k", _GONE, SECURITY),
    ("AWS::SecretsManager::Secret", "KmsKeyId", _GONE, "k", OUTAGE),
    ("AWS::SecretsManager::Secret", "ReplicaRegions", _GONE, [{"Region": "us-gov-east-1"}], SECURITY),
    ("AWS::StepFunctions::StateMachine", "EncryptionConfiguration", {"Type": "CUSTOMER_MANAGED_KMS_KEY"}, _GONE, SECURITY),
    ("AWS::StepFunctions::StateMachine", "RoleArn", "a", "b", SECURITY),
    (
        "AWS::StepFunctions::StateMachine",
        "LoggingConfiguration",
        {"Level": "ALL"},
        {"Level": "ALL", "IncludeExecutionData": True},
        SECURITY,
    ),
    ("AWS::StepFunctions::StateMachine", "LoggingConfiguration", {"Level": "ERROR"}, {"Level": "ALL"}, HARMLESS),
    ("AWS::Some::Thing", "Comment", "a", "b", HARMLESS),
    ("AWS::Some::Thing", "Password", "{{resolve:ssm:a}}", "in-the-clear", SECURITY),
    ("AWS::Some::Thing", "Policy", {"Kind": "a"}, {"Kind": "b"}, BEHAVIOUR),
    ("AWS::Some::Thing", "Size", 1, 2, BEHAVIOUR),
]


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
