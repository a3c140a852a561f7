"""What a recovery must know of a run when nobody can ask legacy any more; kept in the bucket just before the modify."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from uplift.inplace.records.observation import Observation, SnapshotObservation
from uplift.inplace.records.run_state import RunState

FACTS = "facts"


class RunFacts(BaseModel):
    """One run as it stood before the modify. Times are seconds since 1970."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run_id: str
    source: str
    version_before: str
    snapshot_name: str
    snapshot_taken_at: int
    node_type: str
    node_count: int
    automatic_failover: bool
    subnet_group: str
    security_group_ids: tuple[str, ...]
    census_pages: int

    @classmethod
    def of(cls, state: RunState, observation: Observation, snapshot: SnapshotObservation, recovery_node_type: str) -> RunFacts:
        """Collect them; `recovery_node_type` is empty for legacy's own. The snapshot has a date: the run checked it."""
        member = observation.members[0]
        return cls(
            run_id=state.run_id,
            source=observation.id,
            version_before=state.version_before,
            snapshot_name=state.snapshot_name,
            snapshot_taken_at=int(snapshot.created_at.timestamp()) if snapshot.created_at else 0,
            node_type=recovery_node_type or member.node_type,
            node_count=len(observation.members),
            automatic_failover=observation.automatic_failover,
            subnet_group=member.subnet_group,
            security_group_ids=member.security_group_ids,
            census_pages=state.census_before.pages,
        )
