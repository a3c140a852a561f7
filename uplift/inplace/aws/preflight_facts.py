"""Collects the facts a preflight decides from: the same for the control function and for `uplift plan`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from uplift.inplace.aws.elasticache import LegacyCache, a_day_before
from uplift.inplace.decisions.preflight import Facts
from uplift.inplace.records.observation import CREATING, Observation
from uplift.inplace.records.people import People
from uplift.inplace.records.run_state import ProbeResult


def read_preflight_facts(
    cache: LegacyCache,
    observation: Observation,
    now: datetime,
    *,
    own_snapshot: str,
    new_parameters: Mapping[str, str],
    probe: ProbeResult | None,
    people: People | None,
    started_at: int = 0,
) -> Facts:
    """Read what stands around one observation of legacy.

    `own_snapshot` is the run's own: the quota counts only what would stand in its way.
    """
    taken = cache.manual_snapshots_since(observation.quietest_member.id, a_day_before(now))
    own = cache.snapshot(own_snapshot) if own_snapshot else None
    if own is not None:
        taken = max(0, taken - 1)
    return Facts(
        observation=observation,
        now=now,
        manual_snapshots_today=taken,
        own_snapshot_is_creating=own is not None and own.status == CREATING,
        service_updates=cache.service_updates(),
        legacy_parameters=cache.user_parameters(observation),
        new_parameters=new_parameters,
        probe=probe,
        people=people,
        started_at=started_at,
    )
