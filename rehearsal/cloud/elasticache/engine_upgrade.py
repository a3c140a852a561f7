"""The in-place engine upgrade as ElastiCache does it, on real servers.

With failover: replicas first, then a failover, the old primary last (user guide, "Upgrading engine versions
with Multi-AZ"); below 5.0.6 clients lose the primary for 30 to 60 s while DNS moves. Without: the primary is
away for the whole upgrade, its data kept by synchronising a successor. Connections are closed either way.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass

from rehearsal.cloud.elasticache.endpoint_proxy import Endpoint
from rehearsal.cloud.elasticache.node_factory import NodeFactory, apply_parameters
from rehearsal.cloud.elasticache.redis_server import RedisServer
from rehearsal.cloud.elasticache.state import AVAILABLE, Group, Node, ParameterGroup, State
from rehearsal.cloud.faults import Faults
from rehearsal.cloud.timing import Timing

ASYNC_LOSS_SECONDS = 0.2


@dataclass
class EngineUpgrade:
    """One upgrade of a group or a standalone cluster; `run` blocks until it is over."""

    state: State
    factory: NodeFactory
    timing: Timing
    faults: Faults
    version: str
    parameters: ParameterGroup

    def group(self, group: Group) -> None:
        """Upgrade every node of a group, then bring the group back to available."""
        if group.automatic_failover and group.replicas:
            self._with_failover(group)
        else:
            self._without_failover(group.primary, also=[group.primary_endpoint])
            for replica in group.replicas:
                self._replace(replica, self._successor_of(group.primary))
                group.reader_endpoint.replace_node(replica.server.port)
        time.sleep(self.timing.status_seconds)
        self._leave_faults(group)

    def _leave_faults(self, group: Group) -> None:
        """What an upgrade can leave behind."""
        last = group.nodes[-1]
        if self.faults.is_on("evicting"):
            group.primary.server.evict_some()
        if self.faults.is_on("node-broken"):
            last.status = "incompatible-network"
        if self.faults.is_on("parameters-pending"):
            last.parameter_status = "pending-reboot"
        if self.faults.is_on("failover-off-after"):
            group.automatic_failover = False
        if self.faults.is_on("unreachable"):
            for endpoint in group.endpoints:
                endpoint.cut()

    def standalone(self, node: Node) -> None:
        """Upgrade a standalone cluster."""
        self._without_failover(node, also=[])

    def _with_failover(self, group: Group) -> None:
        for replica in group.replicas:
            self._replace(replica, self._successor_of(group.primary))
            group.reader_endpoint.replace_node(replica.server.port)
        promoted = random.choice(group.replicas)
        old_primary = group.primary
        self._promote(group, promoted, old_primary)
        if self.faults.is_on("mixed-versions"):
            return
        for replica in group.replicas:
            if replica is not old_primary:
                replica.server.follow(promoted.server)
        self._replace(old_primary, self._successor_of(promoted))
        if group.replicas:
            group.reader_endpoint.replace_node(group.replicas[0].server.port)

    def _promote(self, group: Group, promoted: Node, old_primary: Node) -> None:
        if self.faults.is_on("async-loss"):
            # Replication is asynchronous: what the primary took after this point is lost with it.
            promoted.server.promote()
            time.sleep(ASYNC_LOSS_SECONDS)
            group.primary_endpoint.cut()
        else:
            group.primary_endpoint.cut()
            promoted.server.wait_until_level_with(old_primary.server)
            promoted.server.promote()
        if self.faults.is_on("data-lost"):
            promoted.server.lose_every_tenth_key()
        group.primary_id = promoted.id
        self.state.add_event(
            group.id,
            "replication-group",
            f"Failover from primary node {old_primary.id} to replica node {promoted.id} completed",
            "ElastiCache:FailoverComplete",
        )
        time.sleep(self.timing.outage_seconds)
        group.primary_endpoint.point_to(promoted.server.port)
        group.primary_endpoint.open()

    def _without_failover(self, node: Node, also: list[Endpoint]) -> None:
        node.status = "modifying"
        endpoints = [node.endpoint, *also]
        for endpoint in endpoints:
            endpoint.cut()
        began = time.monotonic()
        server = self._successor_of(node)
        server.wait_until_level_with(node.server)
        server.promote()
        if self.faults.is_on("data-lost"):
            server.lose_every_tenth_key()
        self._take_over(node, server)
        time.sleep(max(0.0, self.timing.outage_seconds - (time.monotonic() - began)))
        for endpoint in endpoints:
            endpoint.point_to(server.port)
            endpoint.open()
        self._settle(node)

    def _successor_of(self, primary: Node) -> RedisServer:
        server = self.factory.server(self.version, password=primary.server.password)
        server.follow(primary.server)
        return server

    def _replace(self, node: Node, server: RedisServer) -> None:
        node.status = "modifying"
        self._take_over(node, server)
        node.endpoint.replace_node(server.port)
        self._settle(node)

    def _take_over(self, node: Node, server: RedisServer) -> None:
        self.state.add_event(node.id, "cache-cluster", "Cache node 0001 shutdown")
        old, node.server = node.server, server
        node.engine_version = self.version
        node.parameter_group = self.parameters.name
        apply_parameters(node, self.parameters.values)
        old.stop()
        self.state.add_event(node.id, "cache-cluster", "Cache node 0001 restarted")

    def _settle(self, node: Node) -> None:
        time.sleep(self.timing.status_seconds / 2)
        node.pending.clear()
        node.status = AVAILABLE
        self.state.add_event(node.id, "cache-cluster", "Cache cluster patched")
