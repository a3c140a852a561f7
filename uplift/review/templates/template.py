"""One stack's template as the review reads it: typed resources whose expressions are resolved as far as a template alone allows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, TypeAlias

from uplift.errors import BadInput
from uplift.review.templates.deciding_parameters import Candidates, deciding_parameters
from uplift.review.templates.environment import ANYWHERE, DeployEnvironment
from uplift.review.templates.expressions import Expressions
from uplift.review.templates.template_form import check_form
from uplift.review.templates.worlds import World

# JSON: what a property of a template can hold.
Value: TypeAlias = Any


class Absent(StrEnum):
    """Stands for a property that one side does not have; a template can hold null."""

    ABSENT = "not set"


_READ_ELSEWHERE = frozenset({"Type", "Properties", "Condition", "DeletionPolicy", "UpdateReplacePolicy"})

# Deleting or replacing one of these deletes what it holds (CloudFormation user guide, "DeletionPolicy attribute").
HOLDS_DATA = frozenset(
    {
        "AWS::AmazonMQ::Broker",
        "AWS::Backup::BackupVault",
        "AWS::Cassandra::Keyspace",
        "AWS::Cassandra::Table",
        "AWS::CodeArtifact::Repository",
        "AWS::CodeCommit::Repository",
        "AWS::Cognito::UserPool",
        "AWS::DSQL::Cluster",
        "AWS::DocDB::DBCluster",
        "AWS::DocDBElastic::Cluster",
        "AWS::DynamoDB::GlobalTable",
        "AWS::DynamoDB::Table",
        "AWS::EC2::Volume",
        "AWS::ECR::PublicRepository",
        "AWS::ECR::Repository",
        "AWS::EFS::FileSystem",
        "AWS::ElastiCache::CacheCluster",
        "AWS::ElastiCache::ReplicationGroup",
        "AWS::ElastiCache::ServerlessCache",
        "AWS::Elasticsearch::Domain",
        "AWS::FSx::FileSystem",
        "AWS::FSx::Volume",
        "AWS::Kinesis::Stream",
        "AWS::KinesisVideo::Stream",
        # What it encrypted is lost with it.
        "AWS::KMS::Key",
        "AWS::MSK::Cluster",
        "AWS::MSK::ServerlessCluster",
        "AWS::MemoryDB::Cluster",
        "AWS::Neptune::DBCluster",
        "AWS::NeptuneGraph::Graph",
        "AWS::OpenSearchServerless::Collection",
        "AWS::OpenSearchService::Domain",
        "AWS::QLDB::Ledger",
        "AWS::RDS::DBCluster",
        "AWS::RDS::DBInstance",
        "AWS::Redshift::Cluster",
        "AWS::RedshiftServerless::Namespace",
        "AWS::S3::Bucket",
        "AWS::S3Express::DirectoryBucket",
        "AWS::S3Tables::Table",
        "AWS::S3Tables::TableBucket",
        "AWS::S3Vectors::Index",
        "AWS::S3Vectors::VectorBucket",
        "AWS::SecretsManager::Secret",
        "AWS::Timestream::Database",
        "AWS::Timestream::InfluxDBInstance",
        "AWS::Timestream::Table",
    }
)
REPLICATION_GROUP = "AWS::ElastiCache::ReplicationGroup"
PARAMETER_GROUP = "AWS::ElastiCache::ParameterGroup"
STACK = "AWS::CloudFormation::Stack"
HOLDS_REDIS = frozenset({REPLICATION_GROUP, "AWS::ElastiCache::CacheCluster", "AWS::ElastiCache::ServerlessCache"})


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource. `attributes`: what stands beside its properties, without the two policies, such as DependsOn."""

    logical_id: str
    type: str
    properties: Mapping[str, Value]
    deletion_policy: str = "Delete"
    replace_policy: str = "Delete"
    attributes: Mapping[str, Value] = field(default_factory=dict)

    @property
    def update_policy(self) -> Value:
        """How CloudFormation changes it, where the template says."""
        return self.attributes.get("UpdatePolicy")

    def property(self, name: str) -> Value:
        """A property, None where it is not set."""
        return self.properties.get(name)

    def references(self, name: str) -> frozenset[str]:
        """Logical ids that one property refers to."""
        return frozenset(referred_to(self.properties.get(name)))


@dataclass(frozen=True, slots=True)
class Deployment:
    """What the assembly's manifest says of one stack's deploy, beside its template."""

    parameters: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Value] = field(default_factory=dict)
    assets: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StackTemplate:
    """One stack, in one world of what it leaves open. `name` tells it from all others of its assembly.

    `document` is the template as it is written, `where` the file it came from; `deployment` is None where there is no manifest.
    """

    name: str
    resources: Mapping[str, Resource]
    termination_protection: bool = False
    environment: DeployEnvironment = ANYWHERE
    document: Mapping[str, Value] = field(default_factory=dict, compare=False)
    where: str = field(default="", compare=False)
    stack_name: str = ""
    sections: Mapping[str, Value] = field(default_factory=dict, compare=False)
    deployment: Deployment | None = field(default=None, compare=False)

    @property
    def region(self) -> str:
        """Where it is deployed; empty where nothing says it."""
        return self.environment.region

    @property
    def known(self) -> Mapping[str, str]:
        """Pseudo parameters, and parameters that the manifest gives a value."""
        given = self.deployment.parameters if self.deployment is not None else {}
        return {**self.environment.pseudo_parameters, "AWS::StackName": self.stack_name or self.name, **given}

    @property
    def in_govcloud(self) -> bool:
        """Whether it is deployed to the aws-us-gov partition."""
        return self.region.startswith("us-gov-")

    def users_of(self, parameter_group: str) -> list[str]:
        """Logical ids of the replication groups that use a parameter group."""
        groups = self.of_type(REPLICATION_GROUP)
        return [group.logical_id for group in groups if parameter_group in group.references("CacheParameterGroupName")]

    def section(self, name: str) -> Mapping[str, Value]:
        """One section as it is written; empty where the template has none."""
        found: Mapping[str, Value] = self.document.get(name, {})
        return found

    def as_written(self, logical_id: str) -> Mapping[str, Value]:
        """A resource with every attribute, before anything is put in; empty where the template has none."""
        found: Mapping[str, Value] = self.section("Resources").get(logical_id, {})
        return found

    def of_type(self, *types: str) -> list[Resource]:
        """All resources of these types, in the template's order."""
        return [resource for resource in self.resources.values() if resource.type in types]

    def in_world(
        self, world: World, environment: DeployEnvironment, deciding: Candidates, opening: Collection[str] | None = None
    ) -> StackTemplate:
        """The same stack with other answers to what it leaves open; `opening`: the resources that may ask, where not all of them may."""
        return _resolved(replace(self, environment=environment), world, deciding, opening)


@dataclass(frozen=True, slots=True)
class Assembly:
    """Everything that is deployed together, and what it was read from."""

    source: str
    stacks: Mapping[str, StackTemplate] = field(default_factory=dict)


def read_template(
    name: str,
    document: Value,
    where: str,
    *,
    environment: DeployEnvironment = ANYWHERE,
    deployment: Deployment | None = None,
    termination_protection: bool = False,
) -> StackTemplate:
    """A template's resources with parameters, mappings and conditions put in. Raises BadInput naming `where` it came from."""
    check_form(document, where)
    stack = StackTemplate(name, {}, termination_protection, environment, document, where, name, {}, deployment)
    return _resolved(stack, World(), deciding_parameters([document], stack.known))


def expressions_of(stack: StackTemplate) -> Expressions:
    """What answers the expressions of this template by itself, with nothing that is left open decided."""
    return Expressions(stack.section("Parameters"), stack.section("Mappings"), stack.section("Conditions"), stack.known)


def _resolved(stack: StackTemplate, world: World, deciding: Candidates, opening: Collection[str] | None = None) -> StackTemplate:
    document = stack.document
    candidates = {name: values for name, values in deciding.items() if name not in stack.known}
    expressions = replace(expressions_of(stack), deciding=candidates, world=world)
    try:
        read = _read_resources(document["Resources"], expressions, world, opening)
        sections = {name: _read_section(name, value, expressions) for name, value in document.items() if name != "Resources"}
    except BadInput as problem:
        raise BadInput(f"{stack.where}: {problem}") from None
    existing = {logical_id: resource for logical_id, resource in read.items() if resource is not None}
    return replace(stack, resources=existing, sections=sections)


def _read_section(name: str, value: Value, expressions: Expressions) -> Value:
    """Outputs with their values put in; all other sections as they are written, since what they decide is judged where it is used."""
    if name != "Outputs":
        return value
    existing = {key: one for key, one in value.items() if "Condition" not in one or expressions.condition(str(one["Condition"]))}
    return {
        key: expressions.resolved({field: said for field, said in one.items() if field != "Condition"}) for key, one in existing.items()
    }


def _read_resources(
    resources: Mapping[str, Value], expressions: Expressions, world: World, opening: Collection[str] | None
) -> dict[str, Resource | None]:
    asking = resources.keys() if opening is None else [logical_id for logical_id in resources if logical_id in opening]
    world.is_settled = False
    read = {logical_id: _read_resource(logical_id, resources[logical_id], expressions) for logical_id in asking}
    world.is_settled = opening is not None
    rest = {logical_id: _read_resource(logical_id, raw, expressions) for logical_id, raw in resources.items() if logical_id not in read}
    every = read | rest
    return {logical_id: every[logical_id] for logical_id in resources}


def _read_resource(logical_id: str, raw: Mapping[str, Value], expressions: Expressions) -> Resource | None:
    if "Condition" in raw and not expressions.condition(str(raw["Condition"])):
        return None
    properties = expressions.resolved(raw.get("Properties") or {})
    if not isinstance(properties, dict) or next(iter(properties), "").startswith("Fn::"):
        raise BadInput(f"Resources.{logical_id}.Properties is {_form(properties)}, expected: an object")
    kind = str(raw["Type"])
    attributes = {name: expressions.resolved(value) for name, value in raw.items() if name not in _READ_ELSEWHERE}
    if "DependsOn" in attributes:
        depends = attributes["DependsOn"]
        attributes["DependsOn"] = sorted(map(str, depends if isinstance(depends, list) else [depends]))
    return Resource(
        logical_id,
        kind,
        properties,
        str(expressions.resolved(raw.get("DeletionPolicy", _default_policy(kind, properties)))),
        str(expressions.resolved(raw.get("UpdateReplacePolicy", "Delete"))),
        attributes,
    )


def _form(properties: Value) -> str:
    return "an expression" if isinstance(properties, dict) else f"a {type(properties).__name__}"


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
            elif name == "Fn::GetAtt" and isinstance(argument, list) and argument:
                yield str(argument[0])
            else:
                yield from referred_to(argument)
