"""Snapshots of nodes, by BGSAVE of the real server, and backups that ElastiCache makes by itself."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rehearsal.cloud.elasticache.state import AVAILABLE, Group, Node, Snapshot, State
from rehearsal.cloud.errors import refused
from rehearsal.cloud.faults import Faults
from rehearsal.cloud.timing import Timing

_SNAPSHOTS_A_DAY = 20
_SNAPSHOTTING = "snapshotting"


@dataclass(frozen=True)
class Snapshots:
    """Those of one service; files go to `folder`."""

    state: State
    timing: Timing
    faults: Faults
    folder: Path

    def begin(self, name: str, node_id: str) -> tuple[Snapshot, Callable[[], None]]:
        """Take a request for a snapshot of one node; returns it with the work that is left. The caller keeps others away."""
        node = self.state.node(node_id)
        if name in self.state.snapshots:
            raise refused("SnapshotAlreadyExistsFault", f"Snapshot with specified name already exists: {name}")
        used = sum(1 for snapshot in self.state.snapshots.values() if snapshot.node_id == node_id)
        if used >= _SNAPSHOTS_A_DAY or self.faults.is_on("snapshot-quota"):
            raise refused(
                "SnapshotQuotaExceededFault", "The request cannot be processed because it would exceed the maximum number of snapshots."
            )
        group = self.state.groups.get(node.group_id or "")
        if self.faults.strikes_once("backup-in-census"):
            self._back_up(node, group)
        if node.status != AVAILABLE or node.changing or (group is not None and (group.status != AVAILABLE or group.changing)):
            raise refused("InvalidCacheClusterState", f"Cluster {node_id} is not in available state.")
        snapshot = Snapshot(name, node_id, node.node_type, node.engine_version, self.folder / f"{name}.rdb")
        self.state.snapshots[name] = snapshot
        _set_status(node, group, _SNAPSHOTTING)
        return snapshot, lambda: self._save(snapshot, node, group)

    def _back_up(self, node: Node, group: Group | None) -> None:
        """An automatic backup, as in legacy's own backup window; it ends by itself."""
        _set_status(node, group, _SNAPSHOTTING)
        threading.Timer(self.timing.status_seconds, lambda: _set_status(node, group, AVAILABLE)).start()

    def _save(self, snapshot: Snapshot, node: Node, group: Group | None) -> None:
        time.sleep(self.timing.status_seconds)
        snapshot.size_bytes = node.server.save_to(snapshot.path)
        while self.faults.is_on("snapshot-never-ends"):
            time.sleep(self.timing.status_seconds)
        _set_status(node, group, AVAILABLE)
        about = f"for snapshot with ID '{snapshot.name}'"
        if self.faults.is_on("snapshot-fails"):
            snapshot.status = "failed"
            self.state.add_event(node.id, "cache-cluster", f"Snapshot failed {about}", "ElastiCache:SnapshotFailed")
            return
        snapshot.created_at = dt.datetime.now(dt.UTC)
        snapshot.status = AVAILABLE
        self.state.add_event(node.id, "cache-cluster", f"Snapshot succeeded {about}", "ElastiCache:SnapshotComplete")


def _set_status(node: Node, group: Group | None, status: str) -> None:
    node.status = status
    if group is not None:
        group.status = status
