"""Which new resource is an old one under another logical id: the one that is the same thing.

What makes a thing the same is what its type is known by: for most types what cannot change without making another (create-only
properties), for others what they watch, allow or tell. What differs beside it is judged as a change of the old one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from uplift.review.templates.same_values import is_equal, known_form
from uplift.review.templates.schemas import type_schema
from uplift.review.templates.template import HOLDS_DATA, HOLDS_REDIS, Resource, StackTemplate

_Known = tuple[str, tuple[tuple[str, str], ...]]
_KNOWN_BY: Mapping[str, tuple[str, ...]] = {
    "AWS::CloudWatch::Alarm": ("AlarmName", "MetricName", "Namespace", "Dimensions", "Metrics", "ComparisonOperator"),
    "AWS::CloudWatch::CompositeAlarm": ("AlarmRule",),
    "AWS::EC2::SecurityGroup": ("VpcId",),
    # Without the ports: a rule whose port moves is that rule.
    "AWS::EC2::SecurityGroupEgress": (
        "GroupId",
        "CidrIp",
        "CidrIpv6",
        "DestinationSecurityGroupId",
        "DestinationPrefixListId",
        "IpProtocol",
    ),
    "AWS::EC2::SecurityGroupIngress": ("GroupId", "CidrIp", "CidrIpv6", "SourceSecurityGroupId", "SourcePrefixListId", "IpProtocol"),
    "AWS::EC2::VPCEndpoint": ("ServiceName", "VpcId", "VpcEndpointType"),
    "AWS::ElastiCache::ParameterGroup": (),
    "AWS::ElastiCache::SubnetGroup": (),
    "AWS::Events::Rule": ("EventPattern", "ScheduleExpression", "EventBusName"),
    "AWS::IAM::ManagedPolicy": ("ManagedPolicyName", "Path", "Roles", "Users", "Groups"),
    "AWS::IAM::Policy": ("Roles", "Users", "Groups"),
    "AWS::IAM::Role": ("RoleName", "Path", "AssumeRolePolicyDocument"),
    "AWS::Lambda::EventSourceMapping": ("EventSourceArn", "FunctionName"),
    "AWS::Lambda::Function": ("FunctionName", "Handler", "PackageType"),
    "AWS::Route53::RecordSet": ("Name", "Type", "SetIdentifier", "HostedZoneId", "HostedZoneName"),
    "AWS::SNS::Subscription": ("Protocol", "Endpoint", "TopicArn"),
    "AWS::SNS::TopicPolicy": ("Topics",),
    "AWS::SQS::QueuePolicy": ("Queues",),
    "AWS::SSM::Parameter": ("Name", "Type"),
    "AWS::SecretsManager::ResourcePolicy": ("SecretId",),
    "AWS::Scheduler::Schedule": ("Name", "Target"),
    "AWS::StepFunctions::StateMachine": ("StateMachineName", "StateMachineType"),
}


def renamed_resources(base: StackTemplate, head: StackTemplate) -> dict[str, str]:
    """Old logical ids to new ones. What refers to a renamed resource may be known only by it, so it goes on until no more is found."""
    renamed: dict[str, str] = {}
    old = [resource for logical_id, resource in base.resources.items() if logical_id not in head.resources]
    new: dict[_Known, list[Resource]] = defaultdict(list)
    for logical_id, resource in head.resources.items():
        if logical_id not in base.resources:
            new[_known(resource)].append(resource)
    found = bool(old and new)
    while found:
        found = False
        for resource in old:
            if resource.logical_id in renamed:
                continue
            moved = with_new_ids(resource, renamed)
            alike = new[_known(moved)]
            if alike:
                heir = alike[0] if len(alike) == 1 else max(alike, key=partial(_likeness, moved))
                renamed[resource.logical_id] = heir.logical_id
                alike.remove(heir)
                found = True
    return renamed


def _known(resource: Resource) -> _Known:
    """What the resource is known as: its type, and what that is known by."""
    unordered = type_schema(resource.type).unordered
    return resource.type, tuple((name, known_form(name, resource.property(name), unordered)) for name in sorted(_known_by(resource)))


def _known_by(resource: Resource) -> Iterable[str]:
    # Whatever takes the place of data is said to take it: the data is lost, alike or not.
    if resource.type in HOLDS_REDIS | HOLDS_DATA:
        return ()
    if resource.type in _KNOWN_BY:
        return _KNOWN_BY[resource.type]
    schema = type_schema(resource.type)
    if schema.create_only:
        return schema.create_only
    # Of a type that tells nothing of itself, only one that says the same.
    return resource.properties.keys() - {"Tags", "Description"}


def _likeness(old: Resource, new: Resource) -> int:
    names = old.properties.keys() | new.properties.keys()
    return sum(is_equal(old.property(name), new.property(name)) for name in names) - sum(
        not is_equal(old.property(name), new.property(name)) for name in names
    )


def with_new_ids(resource: Resource, renamed: Mapping[str, str]) -> Resource:
    """The resource with each reference to an old logical id pointing to the new one: a reference that merely moved is none."""
    return Resource(
        resource.logical_id,
        resource.type,
        {name: _moved(value, renamed) for name, value in resource.properties.items()},
        resource.deletion_policy,
        resource.replace_policy,
        {
            name: _moved_names(value, renamed) if name == "DependsOn" else _moved(value, renamed)
            for name, value in resource.attributes.items()
        },
    )


def _moved_names(value: Any, renamed: Mapping[str, str]) -> Any:
    return sorted(renamed.get(name, name) for name in value)


def _moved(value: Any, renamed: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_moved(item, renamed) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((name, argument),) = value.items()
        if name == "Ref" and isinstance(argument, str):
            return {name: renamed.get(argument, argument)}
        if name == "Fn::GetAtt" and isinstance(argument, list) and argument and isinstance(argument[0], str):
            return {name: [renamed.get(argument[0], argument[0]), *argument[1:]]}
    return {name: _moved(item, renamed) for name, item in value.items()}
