"""The report of a run: what happened, in a form for machines and a form for people."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from uplift.inplace.records.loss_proof import Proof
from uplift.inplace.records.run_settings import RunSettings
from uplift.inplace.records.run_state import Outcome, RunState

SCHEMA = "uplift.inplace.report/3"


@dataclass(frozen=True, slots=True)
class RunReport:
    """All that is known at the end of one run. Patterns and keyed hashes only: no key name is in here."""

    schema: str
    environment: str
    source: str
    execution: str
    run_id: str
    run_key: str
    plan: str
    approved_by: str
    outcome: str
    reason: str
    trigger: str
    dry_run: bool
    version_before: str
    version_after: str
    snapshot: str
    snapshot_size: str
    started_at: int
    modify_requested_at: int
    seconds: int
    observations: int
    findings: list[str]
    troubles: list[str]
    proof: Proof


def write_report(state: RunState, settings: RunSettings, execution: str, now: int, proof: Proof) -> RunReport:
    """Collect a run's report from its state; `now` in seconds since 1970."""
    troubles = [state.failure, state.modify_trouble, state.observe_trouble, state.proof_trouble]
    return RunReport(
        schema=SCHEMA,
        environment=settings.environment,
        source=settings.legacy_id,
        execution=execution,
        run_id=state.run_id,
        run_key=state.run_key,
        plan=state.plan,
        approved_by=settings.approved_by,
        outcome=final_outcome(state, proof).value,
        reason=final_reason(state, proof),
        trigger=state.trigger,
        dry_run=state.dry_run,
        version_before=state.version_before,
        version_after=state.version_after,
        snapshot=state.snapshot_name,
        snapshot_size=state.snapshot_size,
        started_at=state.started_at,
        modify_requested_at=state.modify_requested_at,
        seconds=now - (state.started_at or now),
        observations=state.observations,
        findings=list(state.findings),
        troubles=[trouble.summary for trouble in troubles if trouble is not None],
        proof=proof,
    )


def final_outcome(state: RunState, proof: Proof) -> Outcome:
    """How the run ended: a caught error before the modify is a failure whatever was decided, and a loss outweighs all but that."""
    if state.failure is not None:
        return Outcome.FAILED
    if proof.loss:
        return Outcome.LOST
    if state.outcome is not Outcome.UPGRADED:
        return state.outcome or Outcome.FAILED
    if state.proof_trouble is not None or proof.cold is None:
        return Outcome.UNPROVEN
    if proof.counts is not None and proof.counts.suspicion:
        return Outcome.LOSS_SUSPECTED
    return Outcome.UPGRADED


def final_reason(state: RunState, proof: Proof) -> str:
    """The sentence a person reads first."""
    match final_outcome(state, proof):
        case Outcome.FAILED if state.failure is not None:
            return state.failure.summary
        case Outcome.LOST:
            return proof.loss if state.outcome is Outcome.UPGRADED else f"{proof.loss}; and {state.reason}"
        case Outcome.UNPROVEN:
            trouble = state.proof_trouble.summary if state.proof_trouble is not None else "the cold keys were not compared"
            return f"{state.reason}, but nobody knows whether keys were lost: {trouble}"
        case Outcome.LOSS_SUSPECTED if proof.counts is not None:
            return proof.counts.suspicion
        case _:
            return state.reason


def report_as_json(report: RunReport) -> dict[str, object]:
    """The report as the bucket keeps it."""
    return asdict(report)


def mail_subject(report: RunReport) -> str:
    """At most 100 characters, as SNS allows."""
    return f"Uplift {report.environment}: {report.source} {report.outcome}"[:100]


def mail_text(report: RunReport, kept: str) -> str:
    """What people get: no key names, and where the rest is (`kept`)."""
    lines = [
        f"{report.source} ({report.environment}): {report.outcome}",
        report.reason,
        f"run {report.run_id or '?'}, plan {report.plan or '?'} approved by {report.approved_by or 'nobody'}",
        f"engine: {report.version_before or '?'} -> {report.version_after or report.version_before or '?'}",
        f"snapshot: {report.snapshot or 'none'} {report.snapshot_size}".rstrip(),
        f"took {report.seconds} s, {report.observations} observations",
    ]
    counts, cold = report.proof.counts, report.proof.cold
    if counts is not None:
        lines.append(f"keys: {counts.before} before, {counts.after} after")
    if cold is not None:
        after = cold.after
        changed = after.value_changed + after.ttl_changed
        lines.append(
            f"cold keys: {after.compared} compared, {after.same} the same, {after.expired} expired, "
            f"{after.missing} missing, {changed} changed"
        )
    lines += [f"- {finding}" for finding in report.findings]
    lines += [f"! {trouble}" for trouble in report.troubles]
    lines.append(f"report: {kept}")
    return "\n".join(lines)
