"""A replication group as its template describes it, together with the parameter group it refers to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from uplift.engines.catalogue import Engine, EngineVersion, known_version
from uplift.review.templates.template import PARAMETER_GROUP, Resource, StackTemplate, Value
from uplift.review.wording.values import flattened

_SMALLEST_FAILOVER = 2


@dataclass(frozen=True, slots=True)
class ParameterGroupView:
    """A parameter group of the same template."""

    logical_id: str
    family: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class GroupView:
    """One side of a replication group. `version` is None where the template names none, or one this catalogue does not know."""

    resource: Resource
    engine: Engine
    version_text: str
    version: EngineVersion | None
    parameters: ParameterGroupView | None
    node_type: str
    nodes: int
    failover: bool
    multi_az: bool
    at_rest: bool
    tls: bool
    tls_mode: str
    token: Value

    @property
    def keeps_a_primary(self) -> bool:
        """Whether a replica takes over when the primary goes."""
        return self.failover and self.nodes >= _SMALLEST_FAILOVER

    @property
    def name(self) -> str:
        """Engine and version for people."""
        return f"{self.engine} {self.version_text or '(no version named)'}"


def group_view(resource: Resource, stack: StackTemplate) -> GroupView:
    """Read a group out of its template."""
    engine = Engine.VALKEY if str(resource.property("Engine")).lower() == "valkey" else Engine.REDIS
    text = flattened(resource.property("EngineVersion") or "")
    return GroupView(
        resource=resource,
        engine=engine,
        version_text=text,
        version=known_version(engine, text),
        parameters=_parameters(resource, stack),
        node_type=flattened(resource.property("CacheNodeType") or ""),
        nodes=_nodes(resource),
        failover=_is_true(resource.property("AutomaticFailoverEnabled")),
        multi_az=_is_true(resource.property("MultiAZEnabled")),
        at_rest=_is_true(resource.property("AtRestEncryptionEnabled")),
        tls=_is_true(resource.property("TransitEncryptionEnabled")),
        tls_mode=flattened(resource.property("TransitEncryptionMode") or "required"),
        token=resource.property("AuthToken"),
    )


def parameter_group_view(resource: Resource) -> ParameterGroupView:
    """Read a parameter group; values that are expressions are shown as such."""
    values = resource.property("Properties")
    family = flattened(resource.property("CacheParameterGroupFamily") or "")
    return ParameterGroupView(
        resource.logical_id, family, {name: flattened(value) for name, value in values.items()} if isinstance(values, dict) else {}
    )


def _parameters(resource: Resource, stack: StackTemplate) -> ParameterGroupView | None:
    for logical_id in resource.references("CacheParameterGroupName"):
        referred = stack.resources.get(logical_id)
        if referred is not None and referred.type == PARAMETER_GROUP:
            return parameter_group_view(referred)
    name = resource.property("CacheParameterGroupName")
    if isinstance(name, str) and name.startswith("default."):
        # default.redis5.0, or default.redis7.cluster.on.
        return ParameterGroupView("", name.removeprefix("default.").removesuffix(".cluster.on"), {})
    return None


def _nodes(resource: Resource) -> int:
    """Primary and replicas of one shard."""
    count, replicas = resource.property("NumCacheClusters"), resource.property("ReplicasPerNodeGroup")
    if str(count).isdigit():
        return int(count)
    return 1 + int(replicas) if str(replicas).isdigit() else 1


def _is_true(value: Value) -> bool:
    """Every flag of a replication group is off by default (registry schema)."""
    return str(value).lower() == "true"
