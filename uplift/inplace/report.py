"""The report of a run: what happened, in a form for machines and a form for people."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from uplift.inplace.run_settings import RunSettings
from uplift.inplace.run_state import Outcome, RunState
from uplift.keyspace.census_change import CensusChange

SCHEMA = "uplift.inplace.report/1"


@dataclass(frozen=True, slots=True)
class RunReport:
    """All that is known at the end of one run. Patterns only: no key name is in here."""

    schema: str
    environment: str
    source: str
    execution: str
    run_key: str
    outcome: str
    reason: str
    trigger: str
    dry_run: bool
    version_before: str
    version_after: str
    snapshot: str
    snapshot_size: str
    seconds: int
    observations: int
    findings: list[str]
    troubles: list[str]
    census: CensusChange | None


def write_report(state: RunState, settings: RunSettings, execution: str, seconds: int, census: CensusChange | None) -> RunReport:
    """Collect a run's report from its state."""
    troubles = [state.failure, state.modify_trouble, state.observe_trouble]
    return RunReport(
        schema=SCHEMA,
        environment=settings.environment,
        source=settings.legacy_id,
        execution=execution,
        run_key=state.run_key,
        outcome=final_outcome(state, census).value,
        reason=final_reason(state, census),
        trigger=state.trigger,
        dry_run=state.dry_run,
        version_before=state.version_before,
        version_after=state.version_after,
        snapshot=state.snapshot_name,
        snapshot_size=state.snapshot_size,
        seconds=seconds,
        observations=state.observations,
        findings=list(state.findings),
        troubles=[trouble.summary for trouble in troubles if trouble is not None],
        census=census,
    )


def final_outcome(state: RunState, census: CensusChange | None) -> Outcome:
    """How the run ended; a caught error is a failure whatever was decided before it."""
    if state.failure is not None:
        return Outcome.FAILED
    if census is not None and census.suspicion:
        return Outcome.LOSS_SUSPECTED
    return state.outcome or Outcome.UPGRADED


def final_reason(state: RunState, census: CensusChange | None) -> str:
    """The sentence a person reads first."""
    if state.failure is not None:
        return state.failure.summary
    if census is not None and census.suspicion:
        return census.suspicion
    return state.reason


def report_as_json(report: RunReport) -> dict[str, object]:
    """The report as the bucket keeps it."""
    return asdict(report)


def mail_subject(report: RunReport) -> str:
    """At most 100 characters, as SNS allows."""
    return f"Uplift {report.environment}: {report.source} {report.outcome}"[:100]


def mail_text(report: RunReport, bucket: str, key: str) -> str:
    """What people get: no key names, and where the rest is."""
    lines = [
        f"{report.source} ({report.environment}): {report.outcome}",
        report.reason,
        f"engine: {report.version_before or '?'} -> {report.version_after or report.version_before or '?'}",
        f"snapshot: {report.snapshot or 'none'} {report.snapshot_size}".rstrip(),
        f"took {report.seconds} s, {report.observations} observations",
    ]
    if report.census is not None:
        lines.append(f"keys: {report.census.before} before, {report.census.after} after")
    lines += [f"- {finding}" for finding in report.findings]
    lines += [f"! {trouble}" for trouble in report.troubles]
    lines.append(f"report: s3://{bucket}/{key}")
    return "\n".join(lines)
