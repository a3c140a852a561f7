"""Puts legacy into a state that ElastiCache can be in when a run begins, or into what a network fault makes of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rehearsal.cloud.elasticache.redis_server import free_port
from rehearsal.cloud.elasticache.state import AVAILABLE, Group, Node, Snapshot, State


def disturb(state: State, identifier: str, wishes: Mapping[str, Any]) -> None:
    """Do what is wished to one group or standalone cluster; `wishes` by the names below."""
    group = state.groups.get(identifier)
    nodes = group.nodes if group is not None else [state.standalone[identifier]]
    last = nodes[-1]
    for wish, value in wishes.items():
        match wish:
            case "status":
                (group or last).status = value
            case "topic":
                last.topic, last.topic_status = value, state.topics.status(value)
            case "pending":
                last.pending = value
            case "version":
                last.engine_version = value
            case "snapshots" | "snapshot_age_days" as about:
                _change_snapshots(state, last, about, value)
            case "reachable":
                _open_or_cut(group, nodes, is_open=value)
            case "replica_follows":
                last.server.follow_at_once(value or free_port())
            case "memory_percent":
                last.server.set_config("maxmemory", str(int(last.server.client.info("memory")["used_memory"]) * 100 // value))
            case _:
                raise ValueError(f"no such disturbance: {wish}")


def _change_snapshots(state: State, node: Node, about: str, value: int) -> None:
    """Add so many of somebody else's, or make all of them so many days old."""
    now = dt.datetime.now(dt.UTC)
    if about == "snapshot_age_days":
        for snapshot in state.snapshots.values():
            snapshot.created_at = now - dt.timedelta(days=value)
        return
    for number in range(value):
        name = f"somebody-{node.id}-{number}"
        state.snapshots[name] = Snapshot(name, node.id, node.node_type, node.engine_version, Path("none"), AVAILABLE, 2**20, now)


def _open_or_cut(group: Group | None, nodes: list[Node], *, is_open: bool) -> None:
    for endpoint in group.endpoints if group is not None else [node.endpoint for node in nodes]:
        endpoint.open() if is_open else endpoint.cut()
