"""The fault table: what happens, and how a run must end. docs/faults.md shows the same rows; a test compares them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

NEVER, ALL_KEYS = 0, 400


@dataclass(frozen=True)
class FaultRow:
    """One fault. `lost` is how many of ALL_KEYS cold keys are missing afterwards, and how many the run itself must name."""

    fault: str
    outcome: str
    says: str
    snapshots: int
    modifies: int
    lost: int = NEVER
    succeeds: bool = False
    faults: tuple[str, ...] = ()
    disturb: Mapping[str, Any] = field(default_factory=dict)
    configure: Mapping[str, Any] = field(default_factory=dict)
    nodes: int = 2
    settles: bool = False
    unheard: bool = False

    @property
    def status(self) -> str:
        """How Step Functions ends the execution."""
        return "SUCCEEDED" if self.succeeds else "FAILED"

    @property
    def pages(self) -> int:
        """How often a pager rings: messages that are no notices, and alarms. `unheard`: nobody has confirmed, which the row is about."""
        return 0 if self.succeeds or self.unheard else 1

    @property
    def exit_code(self) -> int:
        """What `uplift upgrade` returns."""
        return 0 if self.succeeds else 1


ROWS = (
    # --- refused before anything was done
    FaultRow("group modifying at start", "refused", "is 'modifying', expected 'available'", 0, 0, disturb={"status": "modifying"}),
    FaultRow("a change is pending", "refused", "CacheNodeType", 0, 0, disturb={"pending": {"CacheNodeType": "cache.r5.xlarge"}}),
    FaultRow("nodes differ in version at start", "refused", "nodes run different versions", 0, 0, disturb={"version": "3.2.10"}),
    FaultRow("service update in progress", "refused", "service update elasticache-20261201-001", 0, 0, faults=("service-update",)),
    FaultRow("snapshot quota used up at start", "refused", "20 manual snapshots in 24 hours", 0, 0, disturb={"snapshots": 20}),
    FaultRow("Redis unreachable before the modify", "refused", "Redis cannot be reached", 0, 0, disturb={"reachable": False}),
    FaultRow("replica has lost its primary", "refused", "a replica has lost its primary", 0, 0, disturb={"replica_follows": None}),
    FaultRow("memory nearly full", "refused", "memory is", 0, 0, disturb={"memory_percent": 90}),
    FaultRow("nobody approved the plan", "refused", "nobody has approved plan", 0, 0, configure={"approved_plan": ""}),
    FaultRow("another plan was approved", "refused", "something has changed since", 0, 0, configure={"attempt": 2}),
    FaultRow("not-after passed at start", "refused", "past upgrade.not_after", 0, 0, configure={"not_after": "2020-01-01T00:00:00Z"}),
    FaultRow("one node, not acknowledged", "refused", "there is nothing to fail over to", 0, 0, nodes=1),
    FaultRow(
        "nobody has confirmed a subscription",
        "refused",
        "no subscription of upgrade.notify is confirmed, not confirmed yet: ",
        0,
        0,
        faults=("nobody-confirmed",),
        unheard=True,
    ),
    FaultRow(
        "everybody has unsubscribed",
        "refused",
        "no subscription of upgrade.notify is confirmed and none is waiting for it",
        0,
        0,
        faults=("unsubscribed",),
        unheard=True,
    ),
    FaultRow("S3 out of the data function's reach", "refused", "S3's gateway endpoint in the route tables", 0, 0, faults=("no-s3-in-vpc",)),
    FaultRow("clock of the host wrong", "failed", "the function's clock is +7", 0, 0, faults=("clock-wrong",)),
    FaultRow("report bucket unwritable", "Unreported", "could not be kept or sent", 0, 0, faults=("bucket-unwritable",)),
    FaultRow("topic deleted", "Unreported", "could not be kept or sent", 0, 0, faults=("topic-deleted",)),
    # --- stopped at the snapshot
    FaultRow("snapshot fails", "refused", "is 'failed', expected 'available'", 1, 0, faults=("snapshot-fails",)),
    FaultRow(
        "snapshot quota reached by others meanwhile", "failed", "has used up its 20 manual snapshots", 0, 0, faults=("snapshot-quota",)
    ),
    FaultRow("a backup begins during the census", "upgraded", "", 1, 1, succeeds=True, faults=("backup-in-census",)),
    FaultRow("snapshot answered 503 after it was taken", "upgraded", "", 1, 1, succeeds=True, faults=("503-after-CreateSnapshot",)),
    FaultRow("connection cut after the snapshot was taken", "upgraded", "", 1, 1, succeeds=True, faults=("cut-after-CreateSnapshot",)),
    # --- at the modify
    FaultRow("modify answered 503 after it was taken", "upgraded", "", 1, 1, succeeds=True, faults=("503-after-ModifyReplicationGroup",)),
    FaultRow(
        "connection cut after the modify was taken", "upgraded", "", 1, 1, succeeds=True, faults=("cut-after-ModifyReplicationGroup",)
    ),
    FaultRow("parameter family refused", "failed", "Expected a parameter group of family", 1, 0, faults=("family-refused",)),
    FaultRow("modify never arrives", "failed", "changed nothing: every node still runs 3.2.6", 1, 0, faults=("modify-lost",), settles=True),
    FaultRow("function dies after the modify was taken", "upgraded", "", 1, 1, succeeds=True, faults=("die-after-modify",)),
    FaultRow("throttling", "upgraded", "", 1, 1, succeeds=True, faults=("throttling",)),
    # --- the engine change goes wrong
    FaultRow(
        "upgrade refused later, in an event only",
        "failed",
        "changed nothing: every node still runs 3.2.6",
        1,
        1,
        faults=("upgrade-refused-later",),
        settles=True,
    ),
    FaultRow("mixed versions at the end", "failed", "left at different versions", 1, 1, faults=("mixed-versions",), settles=True),
    FaultRow("a node breaks", "failed", "incompatible-network", 1, 1, faults=("node-broken",)),
    FaultRow("parameters wait for a reboot", "failed", "are pending-reboot", 1, 1, faults=("parameters-pending",), settles=True),
    FaultRow("failover off at the end", "failed", "automatic failover is False", 1, 1, faults=("failover-off-after",), settles=True),
    FaultRow("longer than longest_minutes", "failed", "not done after", 1, 1, configure={"longest_minutes": 0}),
    # --- the engine is new, and then
    FaultRow("data lost by the swap", "lost", "cold keys are missing", 1, 1, lost=ALL_KEYS // 10, faults=("data-lost",)),
    FaultRow(
        "Redis unreachable after the modify", "unproven", "nobody knows whether keys were lost", 1, 1, faults=("unreachable-after-modify",)
    ),
    FaultRow(
        "report bucket unwritable after the modify",
        "Unreported",
        "could not be kept or sent",
        1,
        1,
        faults=("bucket-unwritable-after-modify",),
    ),
    FaultRow("topic deleted after the modify", "Unreported", "could not be kept or sent", 1, 1, faults=("topic-deleted-after-modify",)),
)
