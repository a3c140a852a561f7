"""One stack's template as the review reads it: typed resources whose expressions are resolved as far as a template alone allows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from uplift.errors import BadInput
from uplift.review.templates.expressions import Expressions

# JSON: what a property of a template can hold.
Value: TypeAlias = Any

# Deleting or replacing one of these deletes what it holds (CloudFormation user guide, "DeletionPolicy attribute").
HOLDS_DATA = frozenset(
    {
        "AWS::DynamoDB::Table",
        "AWS::ElastiCache::CacheCluster",
        "AWS::ElastiCache::ReplicationGroup",
        "AWS::ElastiCache::ServerlessCache",
        # What it encrypted is lost with it.
        "AWS::KMS::Key",
        "AWS::RDS::DBCluster",
        "AWS::RDS::DBInstance",
        "AWS::S3::Bucket",
        "AWS::SecretsManager::Secret",
    }
)
REPLICATION_GROUP = "AWS::ElastiCache::ReplicationGroup"
PARAMETER_GROUP = "AWS::ElastiCache::ParameterGroup"
STACK = "AWS::CloudFormation::Stack"
HOLDS_REDIS = frozenset({REPLICATION_GROUP, "AWS::ElastiCache::CacheCluster", "AWS::ElastiCache::ServerlessCache"})


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource. `condition` is the expression of one that may or may not exist; None: it exists."""

    logical_id: str
    type: str
    properties: Mapping[str, Value]
    deletion_policy: str = "Delete"
    replace_policy: str = "Delete"
    condition: Value = None
    update_policy: Value = None

    def property(self, name: str) -> Value:
        """A property, None where it is not set."""
        return self.properties.get(name)

    def references(self, name: str) -> frozenset[str]:
        """Logical ids that one property refers to."""
        return frozenset(referred_to(self.properties.get(name)))


@dataclass(frozen=True, slots=True)
class StackTemplate:
    """One stack. `region` is empty where nothing says it; `document` is the template as it is written."""

    name: str
    resources: Mapping[str, Resource]
    termination_protection: bool = False
    region: str = ""
    document: Mapping[str, Value] = field(default_factory=dict, compare=False)

    @property
    def in_govcloud(self) -> bool:
        """Whether it is deployed to the aws-us-gov partition."""
        return self.region.startswith("us-gov-")

    def users_of(self, parameter_group: str) -> list[str]:
        """Logical ids of the replication groups that use a parameter group."""
        groups = self.of_type(REPLICATION_GROUP)
        return [group.logical_id for group in groups if parameter_group in group.references("CacheParameterGroupName")]

    def of_type(self, *types: str) -> list[Resource]:
        """All resources of these types, in the template's order."""
        return [resource for resource in self.resources.values() if resource.type in types]


@dataclass(frozen=True, slots=True)
class Assembly:
    """Everything that is deployed together, and what it was read from."""

    source: str
    stacks: Mapping[str, StackTemplate] = field(default_factory=dict)


def read_template(name: str, document: Value, where: str, *, termination_protection: bool = False, region: str = "") -> StackTemplate:
    """A template's resources with parameters, mappings and conditions put in. Raises BadInput naming `where` it came from."""
    resources = document.get("Resources") if isinstance(document, dict) else None
    if not isinstance(resources, dict):
        raise BadInput(f"{where}: no CloudFormation template, expected: an object with Resources")
    if "Transform" in document or any(logical_id.startswith("Fn::") for logical_id in resources):
        raise BadInput(f"{where}: uses a transform, whose result only CloudFormation knows; review the processed template instead")
    expressions = Expressions(document.get("Parameters", {}), document.get("Mappings", {}), document.get("Conditions", {}))
    read = {logical_id: _read_resource(logical_id, raw, expressions, where) for logical_id, raw in resources.items()}
    existing = {logical_id: resource for logical_id, resource in read.items() if resource is not None}
    return StackTemplate(name, existing, termination_protection, region, document)


def _read_resource(logical_id: str, raw: Value, expressions: Expressions, where: str) -> Resource | None:
    if not isinstance(raw, dict) or not isinstance(raw.get("Type"), str):
        raise BadInput(f"{where}: Resources.{logical_id}.Type is missing, expected: a type such as {REPLICATION_GROUP}")
    condition = None
    if "Condition" in raw:
        truth = expressions.condition(str(raw["Condition"]))
        if truth is False:
            return None
        condition = None if truth is True else truth
    properties = expressions.resolved(raw.get("Properties", {}))
    if not isinstance(properties, dict):
        raise BadInput(f"{where}: Resources.{logical_id}.Properties is {type(properties).__name__}, expected: an object")
    default = _default_policy(str(raw["Type"]), properties)
    return Resource(
        logical_id,
        str(raw["Type"]),
        properties,
        str(raw.get("DeletionPolicy", default)),
        str(raw.get("UpdateReplacePolicy", "Delete")),
        condition,
        expressions.resolved(raw.get("UpdatePolicy")),
    )


def _default_policy(resource_type: str, properties: Mapping[str, Value]) -> str:
    """RDS alone takes a snapshot by itself (CloudFormation user guide, "DeletionPolicy attribute")."""
    alone = resource_type == "AWS::RDS::DBInstance" and "DBClusterIdentifier" not in properties
    return "Snapshot" if alone or resource_type == "AWS::RDS::DBCluster" else "Delete"


def referred_to(value: Value) -> Iterator[str]:
    """Logical ids anywhere in a resolved value."""
    if isinstance(value, list):
        for item in value:
            yield from referred_to(item)
    elif isinstance(value, dict):
        for name, argument in value.items():
            if name == "Ref" and isinstance(argument, str):
                yield argument
            elif name == "Fn::GetAtt" and isinstance(argument, list):
                yield str(argument[0])
            else:
                yield from referred_to(argument)
