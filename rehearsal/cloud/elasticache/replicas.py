"""More or fewer replicas of a group (API reference, IncreaseReplicaCount, DecreaseReplicaCount)."""

from __future__ import annotations

from dataclasses import replace

from rehearsal.cloud.elasticache.node_factory import NodeFactory, apply_parameters
from rehearsal.cloud.elasticache.state import AVAILABLE, Group, State
from rehearsal.cloud.errors import refused

_MOST_REPLICAS = 5


def check(group: Group, count: int) -> None:
    """Refuse a number of replicas the group cannot have."""
    if not 0 <= count <= _MOST_REPLICAS:
        raise refused("InvalidParameterValue", f"The number of replicas must be between 0 and {_MOST_REPLICAS}.")
    if count == 0 and group.automatic_failover:
        raise refused("InvalidParameterCombination", "Must disable automatic failover before the last replica is removed.")


def change(group: Group, count: int, factory: NodeFactory, state: State) -> None:
    """Start or stop replicas until there are `count`, then be available again."""
    while len(group.replicas) < count:
        _add(group, factory, state)
    while len(group.replicas) > count:
        removed = group.replicas[-1]
        group.nodes.remove(removed)
        group.reader_endpoint.replace_node((group.replicas or [group.primary])[0].server.port)
        removed.endpoint.close()
        removed.server.stop()
    group.status, group.changing = AVAILABLE, False


def _add(group: Group, factory: NodeFactory, state: State) -> None:
    used = {node.id for node in group.nodes}
    identifier = next(name for number in range(1, 7) if (name := f"{group.id}-{number:03}") not in used)
    password = group.tokens.server_password if group.tokens is not None else None
    server = factory.server(group.primary.engine_version, password=password)
    server.follow(group.primary.server)
    added = replace(group.primary, id=identifier, server=server, endpoint=factory.endpoint(server, tls=group.tls, tokens=group.tokens))
    apply_parameters(added, state.parameter_group(added.parameter_group).values)
    group.nodes.append(added)
