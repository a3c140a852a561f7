"""What the local ElastiCache holds: groups, nodes, parameter groups, snapshots, events."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from rehearsal.cloud.elasticache.auth_tokens import AuthTokens
from rehearsal.cloud.elasticache.endpoint_proxy import Endpoint
from rehearsal.cloud.elasticache.redis_server import RedisServer
from rehearsal.cloud.errors import refused

AVAILABLE = "available"


@dataclass
class ParameterGroup:
    """A named set of parameters of one family."""

    name: str
    family: str
    description: str
    values: dict[str, str] = field(default_factory=dict)


@dataclass
class Node:
    """A cache cluster of one node: a member of a group, or a standalone cluster."""

    id: str
    node_type: str
    engine_version: str
    parameter_group: str
    server: RedisServer
    endpoint: Endpoint
    status: str = "creating"
    parameter_status: str = "in-sync"
    pending: dict[str, str] = field(default_factory=dict)
    group_id: str | None = None
    changing: bool = False
    subnet_group: str = "default"
    security_groups: tuple[str, ...] = ()
    maintenance_window: str = ""
    created_at: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))
    topic: str = ""
    topic_status: str = ""


@dataclass
class Group:
    """A replication group with cluster mode disabled. The group itself has no engine version."""

    id: str
    description: str
    nodes: list[Node]
    primary_id: str
    primary_endpoint: Endpoint
    reader_endpoint: Endpoint
    automatic_failover: bool
    multi_az: bool
    tls: bool
    tokens: AuthTokens | None
    properties: dict[str, object]
    status: str = "creating"
    changing: bool = False
    token_changed_at: dt.datetime | None = None

    @property
    def primary(self) -> Node:
        """The node that takes writes."""
        return next(node for node in self.nodes if node.id == self.primary_id)

    @property
    def endpoints(self) -> list[Endpoint]:
        """Every address of the group and its nodes."""
        return [self.primary_endpoint, self.reader_endpoint, *(node.endpoint for node in self.nodes)]

    @property
    def replicas(self) -> list[Node]:
        """The other nodes."""
        return [node for node in self.nodes if node.id != self.primary_id]


@dataclass
class Snapshot:
    """One manual snapshot and the RDB file behind it."""

    name: str
    node_id: str
    node_type: str
    engine_version: str
    path: Path
    status: str = "creating"
    size_bytes: int = 0
    created_at: dt.datetime | None = None
    tags: list[dict[str, str]] = field(default_factory=list)


@dataclass
class Event:
    """One line of DescribeEvents."""

    source: str
    source_type: str
    message: str
    date: dt.datetime


class Topics(Protocol):
    """SNS as ElastiCache sees it."""

    def status(self, topic_arn: str) -> str:
        """`active` where ElastiCache may publish, else `inactive`."""

    def publish(self, topic_arn: str, message: str) -> None:
        """Publish to a topic."""


@dataclass
class State:
    """Everything, and the look-ups that answer with AWS's errors."""

    topics: Topics
    groups: dict[str, Group] = field(default_factory=dict)
    standalone: dict[str, Node] = field(default_factory=dict)
    parameter_groups: dict[str, ParameterGroup] = field(default_factory=dict)
    subnet_groups: dict[str, list[str]] = field(default_factory=dict)
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    def group(self, identifier: str) -> Group:
        """A group by id."""
        if identifier not in self.groups:
            raise refused("ReplicationGroupNotFoundFault", f"Replication group {identifier} not found.")
        return self.groups[identifier]

    def node(self, identifier: str) -> Node:
        """A node by id, wherever it is."""
        for node in self.nodes():
            if node.id == identifier:
                return node
        raise refused("CacheClusterNotFound", f"Cache cluster {identifier} not found.")

    def nodes(self) -> list[Node]:
        """Every node."""
        return [*self.standalone.values(), *(node for group in self.groups.values() for node in group.nodes)]

    def is_settled(self, prefix: str) -> bool:
        """Whether everything whose id begins so is available, and no change that was accepted has yet to begin."""
        held: list[Group | Node] = [*self.groups.values(), *self.nodes()]
        return all(one.status == AVAILABLE and not one.changing for one in held if one.id.startswith(prefix))

    def parameter_group(self, name: str) -> ParameterGroup:
        """A parameter group by name; the default ones need not be created."""
        if name.startswith("default.") and name not in self.parameter_groups:
            self.parameter_groups[name] = ParameterGroup(name, name.removeprefix("default."), "Default")
        if name not in self.parameter_groups:
            raise refused("CacheParameterGroupNotFound", f"CacheParameterGroup {name} not found.")
        return self.parameter_groups[name]

    def add_event(self, source: str, source_type: str, message: str, notification: str = "") -> None:
        """Add an event; `notification` is its name in a message to the topic of the group, where it has one that is active."""
        self.events.append(Event(source, source_type, message, dt.datetime.now(dt.UTC)))
        if notification:
            self.notify(source, notification)

    def notify(self, source: str, notification: str) -> None:
        """Publish a message as ElastiCache words it: the event's name and what it is about (user guide, "Event Notifications")."""
        about = [node for node in self.nodes() if source in (node.id, node.group_id)]
        for topic in {node.topic for node in about if node.topic_status == "active"}:
            self.topics.publish(topic, json.dumps({notification: source}))
