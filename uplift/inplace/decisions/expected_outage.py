"""How long clients are cut off, as ElastiCache's user guide says it."""

from __future__ import annotations

from uplift.inplace.records.observation import Observation


def expected_outage(observation: Observation) -> str:
    """How long clients cannot write, in ElastiCache's own words (user guide, "Version Management")."""
    if not observation.fails_over:
        return "the whole upgrade: a single node, or failover is off"
    version = observation.version
    if version is not None and version.number >= (5, 0, 6):
        return "a few seconds of writes; reads go on"
    return "30 to 60 seconds while DNS moves to the promoted replica"
