"""The local CloudFormation: what a rollback keeps, what a status forbids, and what its types are refused, without a server of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.iam.models import IAMBackend
from moto.route53.models import Route53Backend

from rehearsal.cloud.cloudformation import api, platform_types
from rehearsal.cloud.cloudformation.resource_types import HalfMade, Properties, Providers, ResourceType
from rehearsal.cloud.platform import dns, identity
from tests.deployed_cloud import wait_until

ACCOUNT, REGION = "123456789012", "us-west-2"
ZONE = "Z0123456789ABCDEFGHIJ"
RECORD = {"HostedZoneId": ZONE, "Name": "cache.redis.internal", "Type": "CNAME", "TTL": "60", "ResourceRecords": ["a.example.com"]}
TRUST = {"Version": "2012-10-17", "Statement": []}
QUEUE, BROKEN = "AWS::SQS::Queue", {"Type": "Test::Half::Made", "Properties": {}}


class HalfMadeThings:
    """A type whose creation fails when the thing is there already, as a parameter group with an unknown parameter does."""

    def __init__(self) -> None:
        self.held: set[str] = set()
        self.can_be_deleted = True

    def table(self, _providers: Providers) -> dict[str, ResourceType]:
        return {"Test::Half::Made": ResourceType(self._create, None, self._delete)}

    def _create(self, name: str, _properties: Properties) -> Any:
        self.held.add(name)
        raise HalfMade(name, ClientError({"Error": {"Code": "InvalidParameterValue", "Message": "no such parameter"}}, "Modify"))

    def _delete(self, name: str, _properties: Properties) -> None:
        if not self.can_be_deleted:
            raise ClientError({"Error": {"Code": "InvalidState", "Message": "in use"}}, "Delete")
        self.held.remove(name)


class Stacks:
    """The local CloudFormation through its API."""

    def __init__(self, providers: Providers, things: HalfMadeThings) -> None:
        self.providers, self.things = providers, things
        self.client = providers.client("cloudformation")

    def change(self, name: str, kind: str, **resources: Any) -> str:
        """Create and execute a change set, as the CDK CLI does; returns the stack's status in the end."""
        names = {"StackName": name, "ChangeSetName": "change"}
        self.client.create_change_set(**names, ChangeSetType=kind, TemplateBody=json.dumps({"Resources": resources}))
        self.client.execute_change_set(**names)
        wait_until(lambda: not self.status(name).endswith("IN_PROGRESS"), f"{name} was never done")
        return self.status(name)

    def status(self, name: str) -> str:
        return str(self.client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])

    def events(self, name: str, logical_id: str) -> list[str]:
        """The statuses of one resource, oldest first."""
        events = self.client.describe_stack_events(StackName=name)["StackEvents"]
        return [one["ResourceStatus"] for one in reversed(events) if one["LogicalResourceId"] == logical_id]

    def queues(self, name: str) -> int:
        """How many there are that a stack made; names begin with the first letters of the stack's."""
        urls = self.providers.client("sqs").list_queues().get("QueueUrls", [])
        return len([url for url in urls if url.rsplit("/", 1)[-1].startswith(f"{name[:20]}-")])


@pytest.fixture(scope="module")
def shared() -> Iterator[Stacks]:
    patch, things = pytest.MonkeyPatch(), HalfMadeThings()
    for owner, name in ((IAMBackend, "create_role"), (IAMBackend, "put_role_permissions_boundary"), (Route53Backend, _CHANGE)):
        patch.setattr(owner, name, getattr(owner, name))
    identity.install()
    dns.install()
    with mock_aws():
        no_server: Any = None
        providers = Providers(no_server, REGION, ACCOUNT, [platform_types.table, things.table])
        api.install(api.CloudFormation(providers))
        vpc = providers.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        dns.seed_zone(providers.client("route53"), ACCOUNT, {"id": ZONE, "name": "redis.internal"}, {"VPCRegion": REGION, "VPCId": vpc})
        yield Stacks(providers, things)
    patch.undo()


_CHANGE = "change_resource_record_sets"


@pytest.fixture
def stacks(shared: Stacks) -> Stacks:
    shared.things.can_be_deleted = True
    return shared


def _queue(policy: str) -> dict[str, Any]:
    return {"Type": QUEUE, "Properties": {}, "DeletionPolicy": policy}


@pytest.mark.parametrize(
    ("policy", "last", "orphans"),
    [("Retain", "DELETE_SKIPPED", 1), ("RetainExceptOnCreate", "DELETE_COMPLETE", 0), ("Delete", "DELETE_COMPLETE", 0)],
)
def test_what_a_creation_that_is_rolled_back_leaves(stacks: Stacks, policy: str, last: str, orphans: int) -> None:
    name = f"First{policy}"
    assert stacks.change(name, "CREATE", Queue=_queue(policy), Thing=BROKEN) == "ROLLBACK_COMPLETE"
    assert stacks.events(name, "Queue")[-1] == last
    assert stacks.queues(name) == orphans
    assert stacks.things.held == set()
    assert stacks.client.list_stack_resources(StackName=name)["StackResourceSummaries"] == []


@pytest.mark.parametrize("policy", ["Retain", "RetainExceptOnCreate"])
def test_both_keep_what_a_later_update_or_deletion_takes_away(stacks: Stacks, policy: str) -> None:
    name = f"Later{policy}"
    assert stacks.change(name, "CREATE", One=_queue(policy), Two=_queue(policy)) == "CREATE_COMPLETE"
    assert stacks.change(name, "UPDATE", Two=_queue(policy)) == "UPDATE_COMPLETE"
    identifier = stacks.client.describe_stacks(StackName=name)["Stacks"][0]["StackId"]
    stacks.client.delete_stack(StackName=name)
    wait_until(lambda: stacks.status(identifier) == "DELETE_COMPLETE", "never deleted")
    assert stacks.queues(name) == 2


def test_what_an_update_made_goes_when_it_is_rolled_back(stacks: Stacks) -> None:
    assert stacks.change("Update", "CREATE", One=_queue("Delete")) == "CREATE_COMPLETE"
    changed = {"One": _queue("Delete"), "Two": _queue("RetainExceptOnCreate"), "Thing": BROKEN}
    assert stacks.change("Update", "UPDATE", **changed) == "UPDATE_ROLLBACK_COMPLETE"
    assert stacks.queues("Update") == 1


def test_a_rollback_that_cannot_delete_ends_as_failed_and_the_stack_holds_what_is_left(stacks: Stacks) -> None:
    stacks.things.can_be_deleted = False
    assert stacks.change("Stuck", "CREATE", Queue=_queue("Delete"), Thing=BROKEN) == "ROLLBACK_FAILED"
    assert [one["LogicalResourceId"] for one in stacks.client.list_stack_resources(StackName="Stuck")["StackResourceSummaries"]] == [
        "Thing"
    ]
    stacks.client.delete_stack(StackName="Stuck")
    wait_until(lambda: stacks.status("Stuck") == "DELETE_FAILED", "its deletion never failed")
    assert stacks.events("Stuck", "Thing")[-1] == "DELETE_FAILED"
    stacks.things.can_be_deleted = True
    identifier = stacks.client.describe_stacks(StackName="Stuck")["Stacks"][0]["StackId"]
    stacks.client.delete_stack(StackName="Stuck")
    wait_until(lambda: stacks.status(identifier) == "DELETE_COMPLETE", "never deleted")
    assert stacks.things.held == set()


def test_a_stack_whose_first_creation_was_rolled_back_can_only_be_deleted_and_only_without_protection(stacks: Stacks) -> None:
    """The deadlock of a first deploy: the CDK CLI protects a stack before it executes its first change set, and then has to delete it."""
    names = {"StackName": "Dead", "ChangeSetName": "first"}
    stacks.client.create_change_set(**names, ChangeSetType="CREATE", TemplateBody=json.dumps({"Resources": {"Thing": BROKEN}}))
    stacks.client.update_termination_protection(StackName="Dead", EnableTerminationProtection=True)
    stacks.client.execute_change_set(**names)
    wait_until(lambda: stacks.status("Dead") == "ROLLBACK_COMPLETE", "never rolled back")
    with pytest.raises(ClientError, match="is in ROLLBACK_COMPLETE state and can not be updated"):
        stacks.change("Dead", "UPDATE", Queue=_queue("Delete"))
    with pytest.raises(ClientError, match=r"Stack \[Dead\] already exists and cannot be created again"):
        stacks.change("Dead", "CREATE", Queue=_queue("Delete"))
    with pytest.raises(ClientError, match=r"Stack \[Dead\] cannot be deleted while TerminationProtection is enabled") as refusal:
        stacks.client.delete_stack(StackName="Dead")
    assert refusal.value.response["Error"]["Code"] == "ValidationError"
    stacks.client.update_termination_protection(StackName="Dead", EnableTerminationProtection=False)
    stacks.client.delete_stack(StackName="Dead")
    wait_until(lambda: "Dead" not in {one["StackName"] for one in stacks.client.describe_stacks()["Stacks"]}, "never deleted")
    assert stacks.change("Dead", "CREATE", Queue=_queue("Delete")) == "CREATE_COMPLETE"


def _make(stacks: Stacks, kind: str, **properties: Any) -> str:
    return str(stacks.providers.create(kind, "Stack", "Logical", properties)[0])


def _refused(code: str, message: str, call: Any, *args: Any, **kwargs: Any) -> None:
    with pytest.raises(ClientError) as refusal:
        call(*args, **kwargs)
    error = refusal.value.response["Error"]
    assert (error["Code"], message in error["Message"]) == (code, True), error


def test_a_record_is_made_once_in_a_zone_that_exists(stacks: Stacks) -> None:
    kind, route53 = "AWS::Route53::RecordSet", stacks.providers.client("route53")
    _refused("NoSuchHostedZone", "No hosted zone found with ID: ZNONE", _make, stacks, kind, **RECORD | {"HostedZoneId": "ZNONE"})
    name = _make(stacks, kind, **RECORD)
    exists = "[Tried to create resource record set [name='cache.redis.internal.', type='CNAME'] but it already exists]"
    _refused("InvalidChangeBatch", exists, _make, stacks, kind, **RECORD | {"ResourceRecords": ["b.example.com"]})
    address = RECORD | {"Type": "A", "ResourceRecords": ["10.0.0.1"]}
    _refused("InvalidChangeBatch", "conflicts with other records with the same DNS name", _make, stacks, kind, **address)
    after = RECORD | {"ResourceRecords": ["b.example.com"], "TTL": "30"}
    stacks.providers.update(kind, name, RECORD, after)
    listed = {one["Name"]: one for one in route53.list_resource_record_sets(HostedZoneId=ZONE)["ResourceRecordSets"]}
    assert listed["cache.redis.internal."]["ResourceRecords"] == [{"Value": "b.example.com"}]
    stacks.providers.delete(kind, name, after, with_snapshot=False)
    assert _make(stacks, kind, **RECORD) == "cache.redis.internal"


def test_endpoints_of_both_kinds_are_made_and_deleted(stacks: Stacks) -> None:
    ec2, kind = stacks.providers.client("ec2"), "AWS::EC2::VPCEndpoint"
    vpc = ec2.describe_vpcs()["Vpcs"][-1]["VpcId"]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["CidrBlock"])["Subnet"]["SubnetId"]
    gateway = {"VpcId": vpc, "VpcEndpointType": "Gateway", "ServiceName": f"com.amazonaws.{REGION}.s3"}
    secrets = gateway | {"VpcEndpointType": "Interface", "ServiceName": f"com.amazonaws.{REGION}.secretsmanager", "SubnetIds": [subnet]}
    tags = {"Tags": [{"Key": "who", "Value": "us"}]}
    _refused("InvalidRouteTableID.NotFound", "rtb-1", _make, stacks, kind, **gateway, RouteTableIds=["rtb-1"])
    for properties in (gateway | {"RouteTableIds": [table]} | tags, secrets | {"PrivateDnsEnabled": True}):
        made = _make(stacks, kind, **properties)
        stacks.providers.delete(kind, made, properties, with_snapshot=False)
    assert [one["State"] for one in ec2.describe_vpc_endpoints()["VpcEndpoints"]] == ["deleted", "deleted"]


def test_a_log_group_with_a_name_is_made_once(stacks: Stacks) -> None:
    assert _make(stacks, "AWS::Logs::LogGroup", LogGroupName="/uplift/named") == "/uplift/named"
    _refused("ResourceAlreadyExistsException", "already exists", _make, stacks, "AWS::Logs::LogGroup", LogGroupName="/uplift/named")


def test_an_alarm_on_a_threshold_that_is_learnt(stacks: Stacks) -> None:
    metric = {"Metric": {"Namespace": "AWS/ElastiCache", "MetricName": "CurrConnections"}, "Period": 300, "Stat": "Average"}
    queries = [
        {"Id": "seen", "MetricStat": metric, "ReturnData": True},
        {"Id": "band", "Expression": "ANOMALY_DETECTION_BAND(seen, 3)", "ReturnData": True},
    ]
    wanted = {
        "Metrics": queries,
        "ThresholdMetricId": "band",
        "ComparisonOperator": "GreaterThanUpperThreshold",
        "EvaluationPeriods": 3,
        "AlarmActions": ["arn:aws:sns:us-west-2:123456789012:people"],
        "Tags": [{"Key": "who", "Value": "us"}],
    }
    name = _make(stacks, "AWS::CloudWatch::Alarm", **wanted)
    (alarm,) = stacks.providers.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    assert (alarm["ThresholdMetricId"], alarm["ComparisonOperator"]) == ("band", "GreaterThanUpperThreshold")


def test_tags_of_any_type_change_in_place(stacks: Stacks) -> None:
    assert stacks.providers.update("AWS::EC2::SecurityGroup", "sg-1", {}, {"Tags": [{"Key": "who", "Value": "us"}]}) == {}


def test_a_role_needs_a_boundary_that_exists(stacks: Stacks) -> None:
    iam, kind, none = stacks.providers.client("iam"), "AWS::IAM::Role", f"arn:aws:iam::{ACCOUNT}:policy/none"
    words = f"Scope ARN: {none} does not exist or is not attachable."
    _refused("NoSuchEntity", words, _make, stacks, kind, AssumeRolePolicyDocument=TRUST, PermissionsBoundary=none)
    boundary = f"arn:aws:iam::{ACCOUNT}:policy/project/developer-boundary"
    identity.seed_boundary(iam, boundary)
    before = {"AssumeRolePolicyDocument": TRUST, "PermissionsBoundary": boundary}
    role = _make(stacks, kind, **before)
    _refused("NoSuchEntity", words, stacks.providers.update, kind, role, before, before | {"PermissionsBoundary": none})
    assert iam.get_role(RoleName=role)["Role"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary
    stacks.providers.update(kind, role, before, {"AssumeRolePolicyDocument": TRUST})
    assert "PermissionsBoundary" not in iam.get_role(RoleName=role)["Role"]


def _document(number: int) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": f"s3:Get{number}", "Resource": "*"}]}


def test_a_managed_policy_with_a_name_is_made_once_and_an_update_is_its_new_default_version(stacks: Stacks) -> None:
    iam, kind = stacks.providers.client("iam"), "AWS::IAM::ManagedPolicy"
    properties: Properties = {"ManagedPolicyName": "mine", "PolicyDocument": _document(0)}
    arn = _make(stacks, kind, **properties)
    _refused("EntityAlreadyExists", "A policy called mine already exists", _make, stacks, kind, **properties)
    # IAM keeps five versions.
    for number in range(1, 7):
        after = properties | {"PolicyDocument": _document(number)}
        stacks.providers.update(kind, arn, properties, after)
        properties = after
    policy = iam.get_policy(PolicyArn=arn)["Policy"]
    version = iam.get_policy_version(PolicyArn=arn, VersionId=policy["DefaultVersionId"])["PolicyVersion"]
    assert (policy["DefaultVersionId"], version["Document"]) == ("v7", _document(6))
    assert len(iam.list_policy_versions(PolicyArn=arn)["Versions"]) == 5
    stacks.providers.delete(kind, arn, properties, with_snapshot=False)
    assert boto3.client("iam", region_name=REGION).list_policies(Scope="Local", PathPrefix="/mine")["Policies"] == []


def test_a_list_of_parameters_is_a_list(stacks: Stacks) -> None:
    """The bootstrap template takes the execution role's policies so: read as text, each letter was a policy, and the update never ended."""
    iam = stacks.providers.client("iam")
    arns = [_make(stacks, "AWS::IAM::ManagedPolicy", ManagedPolicyName=name, PolicyDocument=_document(0)) for name in ("one", "two")]
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST, "ManagedPolicyArns": {"Ref": "Policies"}}}
    template = {"Parameters": {"Policies": {"Type": "CommaDelimitedList", "Default": ""}}, "Resources": {"Role": role}}
    names = {"StackName": "Lists", "ChangeSetName": "change"}
    given = [{"ParameterKey": "Policies", "ParameterValue": ",".join(arns)}]
    stacks.client.create_change_set(**names, ChangeSetType="CREATE", TemplateBody=json.dumps(template), Parameters=given)
    stacks.client.execute_change_set(**names)
    wait_until(lambda: stacks.status("Lists") == "CREATE_COMPLETE", "never made")
    (made,) = stacks.client.describe_stack_resources(StackName="Lists")["StackResources"]
    attached = iam.list_attached_role_policies(RoleName=made["PhysicalResourceId"])["AttachedPolicies"]
    assert sorted(one["PolicyArn"] for one in attached) == sorted(arns)
