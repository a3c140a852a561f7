"""What ElastiCache says of legacy at one point in time, as typed values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from uplift.engines.catalogue import Engine, EngineVersion, find_reported_version
from uplift.settings.legacy import LegacyKind

AVAILABLE = "available"
SNAPSHOTTING = "snapshotting"
CREATING = "creating"
IN_SYNC = "in-sync"
_BROKEN = frozenset({"create-failed", "restore-failed", "incompatible-network", "deleting", "deleted"})


class Role(StrEnum):
    """What a node is in its group."""

    PRIMARY = "primary"
    REPLICA = "replica"


@dataclass(frozen=True, slots=True)
class MemberCluster:
    """One node: a member cache cluster of the group, or the standalone cluster itself."""

    id: str
    status: str
    engine: Engine
    engine_version: str
    node_type: str
    role: Role
    host: str
    port: int
    parameter_group: str
    parameter_status: str
    pending: tuple[str, ...]
    subnet_group: str = ""
    security_group_ids: tuple[str, ...] = ()
    maintenance_window: str = ""

    def runs(self, version: EngineVersion) -> bool:
        """Whether this node reports `version`."""
        return self.engine is version.engine and version.is_reported_as(self.engine_version)


@dataclass(frozen=True, slots=True)
class Observation:
    """The group (or standalone cluster) and its nodes. The version is the nodes': the group has none.

    `backup_window` is ElastiCache's text, in UTC; empty where no automatic backups are made.
    """

    kind: LegacyKind
    id: str
    status: str
    automatic_failover: bool
    pending: tuple[str, ...]
    members: tuple[MemberCluster, ...]
    backup_window: str = ""

    @property
    def versions(self) -> tuple[str, ...]:
        """The different versions the nodes report, sorted; more than one while an upgrade is under way."""
        return tuple(sorted({member.engine_version for member in self.members}))

    @property
    def version(self) -> EngineVersion | None:
        """The one version of all nodes; None when they differ or the catalogue does not know it."""
        if len(self.versions) != 1:
            return None
        return find_reported_version(self.members[0].engine, self.versions[0])

    @property
    def settled(self) -> bool:
        """Whether the group and every node are available with nothing pending."""
        statuses = {self.status, *(member.status for member in self.members)}
        return statuses == {AVAILABLE} and not self.all_pending

    @property
    def broken(self) -> str:
        """Statuses of the group or a node that nothing leads back from; empty when there are none."""
        return ", ".join(sorted(_BROKEN & {self.status, *(member.status for member in self.members)}))

    @property
    def all_pending(self) -> tuple[str, ...]:
        """Every pending change, with the node it belongs to."""
        return (*self.pending, *(f"{member.id}:{name}" for member in self.members for name in member.pending))

    @property
    def fails_over(self) -> bool:
        """Whether a replica takes over by itself."""
        return self.automatic_failover and len(self.members) > 1

    @property
    def quietest_member(self) -> MemberCluster:
        """The node to read and to snapshot: a replica where there is one."""
        replicas = [member for member in self.members if member.role is Role.REPLICA]
        return (replicas or list(self.members))[0]

    def all_run(self, version: EngineVersion) -> bool:
        """Whether every node reports `version`."""
        return all(member.runs(version) for member in self.members)


@dataclass(frozen=True, slots=True)
class SnapshotObservation:
    """One snapshot as DescribeSnapshots gives it; `size` is ElastiCache's text, such as `5 MB`."""

    name: str
    status: str
    source_id: str
    engine_version: str
    created_at: datetime | None
    size: str
