"""Is the upgrade done? A pure decision on one observation after the modify."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from uplift.engines.catalogue import EngineVersion
from uplift.inplace.records.observation import AVAILABLE, IN_SYNC, Observation

AGREEING_READS = 2


class Progress(StrEnum):
    """The three answers after a modify."""

    WAIT = "wait"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ProgressDecision:
    """The decision, what it rests on, and how many reads in a row have agreed."""

    progress: Progress
    reason: str
    agreeing_reads: int = 0


@dataclass(frozen=True, slots=True)
class Expected:
    """What a finished upgrade looks like."""

    target: EngineVersion
    parameter_group: str
    version_before: str
    automatic_failover: bool
    grace_seconds: int


def decide_progress(
    observation: Observation,
    expected: Expected,
    *,
    agreeing_reads: int,
    seconds_since_modify: int,
    seconds_watched: int,
    longest_seconds: int,
) -> ProgressDecision:
    """Decide whether to wait, to be done or to give up.

    Done needs two agreeing reads, since a describe right after a modify still gives the old state. Giving up
    changes nothing in AWS: an engine change that has started cannot be stopped. `seconds_watched`: how long this execution has looked.
    """
    if observation.broken:
        return ProgressDecision(Progress.FAILED, f"{observation.id} or a node is {observation.broken}")
    missing = _missing(observation, expected)
    if not missing:
        reads = agreeing_reads + 1
        progress = Progress.DONE if reads >= AGREEING_READS else Progress.WAIT
        return ProgressDecision(progress, f"every node runs {expected.target}, read {reads} of {AGREEING_READS}", reads)
    if seconds_watched >= longest_seconds:
        return ProgressDecision(Progress.FAILED, f"not done after {seconds_since_modify} s: {missing}")
    if observation.settled and seconds_since_modify >= expected.grace_seconds:
        return ProgressDecision(Progress.FAILED, _why_it_stopped(observation, expected, missing))
    return ProgressDecision(Progress.WAIT, missing)


def _missing(observation: Observation, expected: Expected) -> str:
    """What keeps the upgrade from being done; empty when nothing does."""
    if observation.status != AVAILABLE:
        return f"{observation.id} is {observation.status}"
    for member in observation.members:
        if member.status != AVAILABLE:
            return f"node {member.id} is {member.status}"
        if not member.runs(expected.target):
            return f"node {member.id} runs {member.engine_version}"
        if member.parameter_group != expected.parameter_group:
            return f"node {member.id} uses parameter group {member.parameter_group}"
        if member.parameter_status != IN_SYNC:
            return f"parameters of node {member.id} are {member.parameter_status}"
    if observation.all_pending:
        return f"pending: {', '.join(observation.all_pending)}"
    if observation.automatic_failover != expected.automatic_failover:
        return f"automatic failover is {observation.automatic_failover}, was {expected.automatic_failover}"
    return ""


def _why_it_stopped(observation: Observation, expected: Expected, missing: str) -> str:
    if observation.versions == (expected.version_before,):
        return (
            f"the request changed nothing: every node still runs {expected.version_before}. It was not taken, or taken back: see the "
            "troubles of the report and `aws elasticache describe-events`; raise upgrade.attempt to try again"
        )
    if len(observation.versions) > 1:
        return f"nodes were left at different versions, {', '.join(observation.versions)}: open a support case before anything else"
    return f"the group has settled but is not as asked for: {missing}"
