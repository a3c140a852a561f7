"""A replication group as its template describes it, together with the parameter group it refers to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from uplift.engines.catalogue import Engine, EngineVersion, known_version
from uplift.review.templates.known_values import is_open
from uplift.review.templates.same_values import is_equal
from uplift.review.templates.template import PARAMETER_GROUP, Resource, StackTemplate, Value
from uplift.review.wording.values import flattened

_SMALLEST_FAILOVER = 2
MOST_NODES = 6
_MOST_SNAPSHOT_DAYS = 35


@dataclass(frozen=True, slots=True)
class ParameterGroupView:
    """A parameter group of the same template."""

    logical_id: str
    family: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class GroupView:
    """One side of a replication group. `version` is None where the template names none, or one this catalogue does not know.

    A value that is known only at the deploy is what it is on the other side where both are written alike, else what is worst: on before,
    or as many as there may be; off after, or as few. `open` names such properties.
    """

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
    snapshot_days: int
    open: frozenset[str]

    @property
    def keeps_a_primary(self) -> bool:
        """Whether a replica takes over when the primary goes."""
        return self.failover and self.nodes >= _SMALLEST_FAILOVER

    @property
    def name(self) -> str:
        """Engine and version for people."""
        return f"{self.engine} {self.version_text or '(no version named)'}"


def group_view(resource: Resource, stack: StackTemplate, before: Resource | None = None) -> GroupView:
    """Read a group out of its template; `before`: what it was, for the side it will be."""
    engine = Engine.VALKEY if str(resource.property("Engine")).lower() == "valkey" else Engine.REDIS
    text = flattened(resource.property("EngineVersion") or "")
    side = _Side(resource, before)
    return GroupView(
        resource=resource,
        engine=engine,
        version_text=text,
        version=known_version(engine, text),
        parameters=_parameters(resource, stack),
        node_type=flattened(resource.property("CacheNodeType") or ""),
        nodes=side.nodes,
        failover=side.flag("AutomaticFailoverEnabled"),
        multi_az=side.flag("MultiAZEnabled"),
        at_rest=side.flag("AtRestEncryptionEnabled"),
        tls=side.flag("TransitEncryptionEnabled"),
        tls_mode=flattened(resource.property("TransitEncryptionMode") or "required"),
        token=resource.property("AuthToken"),
        # 0, the default, is no automatic snapshot (CloudFormation reference).
        snapshot_days=side.number("SnapshotRetentionLimit", 0, _MOST_SNAPSHOT_DAYS),
        open=frozenset(name for name, value in resource.properties.items() if is_open(value)),
    )


@dataclass(frozen=True, slots=True)
class _Side:
    """Properties of one side, those that are open read as GroupView says."""

    resource: Resource
    before: Resource | None

    def _is_as_before(self, name: str) -> bool:
        return self.before is None or is_equal(self.before.property(name), self.resource.property(name))

    def flag(self, name: str) -> bool:
        """Every flag of a replication group is off by default (registry schema)."""
        value = self.resource.property(name)
        return self._is_as_before(name) if is_open(value) else str(value).lower() == "true"

    def number(self, name: str, least: int, most: int) -> int:
        """A count; `least` where it is not set."""
        value = self.resource.property(name)
        if is_open(value):
            return most if self._is_as_before(name) else least
        return int(value) if str(value).isdecimal() else least

    @property
    def nodes(self) -> int:
        """Primary and replicas of one shard."""
        if self.resource.property("NumCacheClusters") is not None:
            return self.number("NumCacheClusters", 1, MOST_NODES)
        return 1 + self.number("ReplicasPerNodeGroup", 0, MOST_NODES - 1)


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
