"""What a resource is called where AWS holds each name once: its name property, or the thing there is one of for each of another."""

from __future__ import annotations

import json
from collections.abc import Mapping

from uplift.review.templates.schemas import type_schema
from uplift.review.templates.template import Resource, Value

# Types whose primary identifier in the registry is not the name (it is given by AWS), with what has to be unique.
_NAMED_BY: Mapping[str, tuple[str, ...]] = {
    "AWS::EC2::SecurityGroup": ("GroupName", "VpcId"),
    "AWS::Events::Rule": ("Name", "EventBusName"),
    "AWS::IAM::ManagedPolicy": ("ManagedPolicyName",),
    "AWS::Lambda::Alias": ("FunctionName", "Name"),
    "AWS::Route53::RecordSet": ("Name", "Type", "HostedZoneId", "HostedZoneName", "SetIdentifier"),
    "AWS::SNS::Topic": ("TopicName",),
    "AWS::SQS::Queue": ("QueueName",),
    "AWS::Scheduler::Schedule": ("Name", "GroupName"),
    "AWS::SecretsManager::Secret": ("Name",),
    "AWS::StepFunctions::StateMachine": ("StateMachineName",),
    "AWS::StepFunctions::Activity": ("Name",),
    "AWS::ECS::Service": ("ServiceName", "Cluster"),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": ("Name",),
    "AWS::ElasticLoadBalancingV2::TargetGroup": ("Name",),
}
# Types whose names are stored in small letters, or compared so.
_SMALL_LETTERS = ("AWS::ElastiCache::", "AWS::IAM::", "AWS::Route53::", "AWS::RDS::")


def name_properties(resource_type: str, region: str) -> tuple[str, ...]:
    """The properties that together are the name, the name itself first; none for a type that AWS names."""
    if resource_type in _NAMED_BY:
        return _NAMED_BY[resource_type]
    schema = type_schema(resource_type, region)
    return () if set(schema.identified_by) & schema.read_only else schema.identified_by


def fixed_name(resource: Resource, region: str) -> tuple[str, ...]:
    """The name as it is written; empty where AWS chooses one. Two that are equal are one name."""
    names = name_properties(resource.type, region)
    if not names or resource.property(names[0]) is None:
        return ()
    small = resource.type.startswith(_SMALL_LETTERS)
    return tuple(_text(resource.property(name), small=small) for name in names)


def name_values(resource: Resource, region: str) -> list[Value]:
    """The values of the name's properties, as the template has them."""
    return [resource.property(name) for name in name_properties(resource.type, region)]


def _text(value: Value, *, small: bool) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
    return text.lower().rstrip(".") if small and isinstance(value, str) else text
