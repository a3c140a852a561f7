"""May this upgrade start? A pure decision: proceed, wait for a backup, nothing to do, or refuse, always with reasons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from uplift.engines.catalogue import OLDEST_RESTORABLE
from uplift.engines.changes import Change, change_between
from uplift.engines.nodes import takes_snapshots, usable_families, why_not_creatable
from uplift.inplace.decisions.expected_outage import expected_outage
from uplift.inplace.decisions.parameter_changes import ParameterFinding, lost_lines, parameter_findings
from uplift.inplace.decisions.plan_digest import plan_digest
from uplift.inplace.decisions.time_left import why_out_of_time
from uplift.inplace.records.observation import AVAILABLE, SNAPSHOTTING, Observation
from uplift.inplace.records.people import People
from uplift.inplace.records.run_settings import RunSettings
from uplift.inplace.records.run_state import ProbeResult
from uplift.settings.upgrade import Acknowledgement

SNAPSHOTS_A_DAY = 20
_BUSY_UPDATES = frozenset({"waiting-to-start", "in-progress", "stopping", "scheduling"})


class Verdict(StrEnum):
    """The four answers of a preflight."""

    PROCEED = "proceed"
    WAIT = "wait"
    NOTHING_TO_DO = "nothing-to-do"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Facts:
    """All a decision is made from. `probe` is None where Redis itself could not be asked, as from a laptop, and `people` where the topics
    could not, as before the first deploy. `started_at` is when the run began, in seconds since 1970; 0 where none has.

    `own_snapshot_is_creating`: an earlier start of this very run began the snapshot, so its status stands in nobody's way.
    """

    observation: Observation
    now: datetime
    manual_snapshots_today: int
    own_snapshot_is_creating: bool
    service_updates: Mapping[str, str]
    legacy_parameters: Mapping[str, str]
    new_parameters: Mapping[str, str]
    probe: ProbeResult | None
    people: People | None
    started_at: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict with everything a person should know: `reasons` decide, `findings` inform; `plan` is the digest to approve."""

    verdict: Verdict
    plan: str
    reasons: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    missing_acknowledgements: tuple[Acknowledgement, ...] = field(default=())


def decide(facts: Facts, settings: RunSettings) -> Decision:
    """Decide from one set of facts; the same facts always give the same answer."""
    observation = facts.observation
    target = settings.target
    old_family = observation.version.family if observation.version is not None else None
    parameters = parameter_findings(facts.legacy_parameters, old_family, facts.new_parameters, target.family)
    needed = needed_acknowledgements(observation, parameters)
    plan = plan_digest(observation, settings, facts.new_parameters, parameters, needed)
    if observation.settled and observation.all_run(target):
        return Decision(Verdict.NOTHING_TO_DO, plan, (f"every node of {observation.id} already runs {target}",))
    reasons = [*_state_reasons(facts), *_version_reasons(observation, settings), *_room_reasons(facts)]
    reasons += [*_probe_reasons(facts.probe, settings), *_recovery_reasons(observation, settings), *_people_reasons(facts.people)]
    reasons += [finding.text for finding in parameters if finding.blocks]
    if problem := why_out_of_time(facts.started_at, facts.now, settings.not_after):
        reasons.append(f"it is {facts.now.isoformat()}, {problem}")
    missing = tuple(sorted(needed - set(settings.acknowledged)))
    reasons += [f"not acknowledged: {_WHAT_IT_MEANS[item]} (add {item} to upgrade.acknowledged)" for item in missing]
    findings = tuple(_findings(facts, settings, parameters))
    if reasons:
        return Decision(Verdict.REFUSE, plan, tuple(reasons), findings, missing)
    waits = tuple(_backups(facts))
    return Decision(Verdict.WAIT if waits else Verdict.PROCEED, plan, waits, findings, missing)


def approval_problem(plan: str, settings: RunSettings) -> str:
    """Why a run may not begin although the preflight lets it: somebody must have approved this very plan. Empty when they have."""
    if settings.approved_plan == plan:
        return ""
    if not settings.approved_plan:
        return f"nobody has approved plan {plan}: read `uplift plan {settings.environment}`, then set upgrade.approved"
    return f"approved is plan {settings.approved_plan} (by {settings.approved_by}), but now it is {plan}: something has changed since"


_WHAT_IT_MEANS: Mapping[Acknowledgement, str] = {
    Acknowledgement.NO_ENGINE_ROLLBACK: "the old engine version can never be created again, a snapshot brings back data only",
    Acknowledgement.OUTAGE_FOR_THE_WHOLE_UPGRADE: "there is nothing to fail over to, so Redis is down for the whole upgrade",
    Acknowledgement.PARAMETERS_ARE_LOST: "values of legacy's own parameter group are not in upgrade.parameters",
    Acknowledgement.MANAGER_MUST_CHANGE_A_LINE: "whoever manages legacy must change a line before their next apply",
}


def needed_acknowledgements(observation: Observation, parameters: list[ParameterFinding]) -> frozenset[Acknowledgement]:
    """What somebody must have accepted before legacy may be upgraded."""
    needed = {Acknowledgement.MANAGER_MUST_CHANGE_A_LINE}
    version = observation.version
    if version is None or not version.creatable:
        needed.add(Acknowledgement.NO_ENGINE_ROLLBACK)
    if not observation.fails_over:
        needed.add(Acknowledgement.OUTAGE_FOR_THE_WHOLE_UPGRADE)
    if any(finding.is_lost for finding in parameters):
        needed.add(Acknowledgement.PARAMETERS_ARE_LOST)
    return frozenset(needed)


def _state_reasons(facts: Facts) -> Iterator[str]:
    observation = facts.observation
    fine = {AVAILABLE, SNAPSHOTTING}
    if observation.status not in fine:
        yield f"{observation.id} is {observation.status!r}, expected {AVAILABLE!r}: wait until it has settled"
    for member in observation.members:
        if member.status not in fine:
            yield f"node {member.id} is {member.status!r}, expected {AVAILABLE!r}"
    if observation.all_pending:
        yield f"changes are pending and would be applied with the upgrade: {', '.join(observation.all_pending)}"
    for name, status in facts.service_updates.items():
        if status in _BUSY_UPDATES:
            yield f"service update {name} is {status!r}: wait for it or stop it"


def _backups(facts: Facts) -> Iterator[str]:
    """A backup of legacy that is being made: it ends by itself."""
    observation = facts.observation
    if SNAPSHOTTING in {observation.status, *(member.status for member in observation.members)} and not facts.own_snapshot_is_creating:
        yield f"{observation.id} is {SNAPSHOTTING!r}: a backup is being made, and the upgrade waits until it is done or upgrade.not_after"


def _version_reasons(observation: Observation, settings: RunSettings) -> Iterator[str]:
    if len(observation.versions) > 1:
        yield f"nodes run different versions: {', '.join(observation.versions)}"
        return
    source = observation.version
    if source is None:
        yield f"version {', '.join(observation.versions) or '(none)'} is not in the catalogue"
        return
    standalone = settings.legacy_kind == "standalone-cluster"
    change = change_between(source, settings.target, standalone=standalone)
    if change.change is Change.IMPOSSIBLE:
        yield change.reason


def _room_reasons(facts: Facts) -> Iterator[str]:
    node = facts.observation.quietest_member
    if not takes_snapshots(node.node_type):
        yield f"{node.node_type} cannot be snapshotted: there would be no way back to the data"
    if facts.manual_snapshots_today >= SNAPSHOTS_A_DAY:
        yield f"{node.id} has had {facts.manual_snapshots_today} manual snapshots in 24 hours, allowed: {SNAPSHOTS_A_DAY}"


def _probe_reasons(probe: ProbeResult | None, settings: RunSettings) -> Iterator[str]:
    if probe is None:
        return
    if probe.bucket_problem:
        yield (
            f"the data function cannot use the report bucket: {probe.bucket_problem} (inside the VPC it needs S3's gateway endpoint in "
            "the route tables of network.subnet_ids, and S3's own list in network.s3_prefix_list_id)"
        )
    if probe.token_problem:
        yield (
            f"the data function cannot read legacy's token: {probe.token_problem} (inside the VPC it needs the interface endpoint of "
            "Secrets Manager with private DNS, and its group in network.endpoint_security_group_id)"
        )
        return
    if not probe.reachable:
        yield f"Redis cannot be reached, so nothing could be counted: {probe.problem}"
        return
    if probe.memory_percent is not None and probe.memory_percent > settings.largest_memory_percent:
        yield (
            f"memory is {probe.memory_percent} % used, allowed: {settings.largest_memory_percent} % "
            "(a full node cannot synchronise its successor)"
        )
    if not probe.replica_links_up:
        yield "a replica has lost its primary"
    if probe.replica_lag_seconds is not None and probe.replica_lag_seconds > settings.largest_replica_lag_seconds:
        yield f"a replica is {probe.replica_lag_seconds} s behind, allowed: {settings.largest_replica_lag_seconds} s"


def _recovery_reasons(observation: Observation, settings: RunSettings) -> Iterator[str]:
    node_type = settings.recovery_node_type or observation.members[0].node_type
    if problem := why_not_creatable(node_type, settings.target.number):
        yield (
            f"a recovery could not restore the snapshot: {problem}; set upgrade.recovery.node_type to one of "
            f"{', '.join(usable_families(settings.target.number))} with at least legacy's memory"
        )


def _people_reasons(people: People | None) -> Iterator[str]:
    if people is not None and not people.confirmed and people.problem:
        yield f"nobody knows who would hear how the run ends: {people.problem}"
    elif people is not None and not people.confirmed:
        waiting = f", not confirmed yet: {', '.join(people.pending)}" if people.pending else " and none is waiting for it"
        yield f"nobody would hear how the run ends: no subscription of upgrade.notify is confirmed{waiting}"


def _findings(facts: Facts, settings: RunSettings, parameters: list[ParameterFinding]) -> Iterator[str]:
    observation = facts.observation
    yield f"{observation.id}: {len(observation.members)} node(s) at {', '.join(observation.versions)}, target {settings.target}"
    yield f"expected outage: {expected_outage(observation)}"
    version = observation.version
    if version is not None and not version.creatable:
        yield (
            f"no way back to {version}: it can no longer be created; the snapshot restores the data into a new group "
            f"of {OLDEST_RESTORABLE} or newer"
        )
    yield f"before its next apply {settings.managed_by} must change: {settings.managed_by_line}"
    yield from (finding.text for finding in parameters if not finding.blocks)
    yield from lost_lines(parameters)
    yield facts.people.summary if facts.people is not None else "not read: who has confirmed that they are notified (nothing is deployed)"
    if facts.probe is None:
        yield "not read: memory and replica lag (Redis is reached from inside the VPC only)"
