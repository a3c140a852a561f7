"""The report of a rehearsal: report.json for machines, a table for people."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from rich.table import Table

from rehearsal.run.inventory_change import PatternRow
from rehearsal.run.progress_display import PhaseTime
from rehearsal.run.recovery_check import RecoveryResult
from rehearsal.run.told import Told
from uplift.report.run_page import StoryCalls

SCHEMA = "uplift.rehearsal.in-place/1"
ASSUMPTIONS = (
    "a clean promotion: the replica that is promoted has every acknowledged write (`--fault async-loss` shows what happens otherwise)",
    "ElastiCache swaps engines as its user guide describes: replicas first, a failover, the old primary last",
)
NOT_MODELLED = (
    "security groups and routing",
    "KMS",
    "IAM conditions",
    "delivery by SNS, CloudWatch's own evaluation of alarms (who would be told is worked out from filters, policies and metrics)",
    "DNS (the endpoint is cut for the modelled outage instead)",
    "node sizes and network speed",
    "service updates",
    "maintenance windows",
    "PSYNC/SYNC being withheld",
    "Redis 3.2.4 itself (3.2.6 has the same commands, RDB version and notifications)",
)


@dataclass(frozen=True, slots=True)
class Engine:
    """Version as INFO of the primary endpoint gives it."""

    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Keys:
    """Cold keys: those there before the application started."""

    before: int
    after: int
    lost: int
    changed: int
    expired: int


@dataclass(frozen=True, slots=True)
class Writes:
    """Writes the application got a reply to."""

    acknowledged: int
    lost: int


@dataclass(frozen=True, slots=True)
class OutageReport:
    """The longest time without an acknowledged write, and what the local ElastiCache was set to make it."""

    seconds: float
    modelled_seconds: float
    began_at: float = 0.0


@dataclass(frozen=True, slots=True)
class CallsReport:
    """The application's calls."""

    total: int
    failed: int
    slow: int
    by_second: tuple[StoryCalls, ...] = ()


@dataclass(frozen=True, slots=True)
class AwsCalls:
    """What the deployed functions did to ElastiCache, from the local API log."""

    create_snapshot: int
    modify: int
    throttled: int


@dataclass(frozen=True, slots=True)
class InPlaceReport:
    """Everything about one rehearsal."""

    schema: str
    outcome: str
    reason: str
    topology: str
    data: str
    engine: Engine
    phases: tuple[PhaseTime, ...]
    keys: Keys
    writes: Writes
    outage: OutageReport
    calls: CallsReport
    aws_calls: AwsCalls
    faults: tuple[str, ...]
    executions: tuple[str, ...]
    findings: tuple[str, ...]
    inventory: tuple[PatternRow, ...]
    told: tuple[Told, ...]
    recovery: RecoveryResult | None = None
    assumptions: tuple[str, ...] = ASSUMPTIONS
    not_modelled: tuple[str, ...] = NOT_MODELLED

    def as_json(self) -> dict[str, object]:
        """The report with plain types only."""
        return asdict(self)


def as_table(report: InPlaceReport) -> Table:
    """The table at the end of a run."""
    table = Table(show_header=False, box=None, pad_edge=False)
    keys = report.keys
    rows = (
        ("outcome", f"{report.outcome}: {report.reason}"),
        ("engine", f"{report.engine.before} -> {report.engine.after} ({report.topology})"),
        ("keys", f"{keys.before:,} before, {keys.after:,} after (with the app's own), {keys.lost} lost, {keys.changed} changed"),
        ("expired in time", f"{keys.expired:,}"),
        ("acknowledged writes", f"{report.writes.acknowledged:,}, {report.writes.lost} lost"),
        ("outage", f"{report.outage.seconds:.1f} s without a write (modelled: {report.outage.modelled_seconds:.0f} s)"),
        ("calls of the app", f"{report.calls.total:,}, {report.calls.failed:,} failed, {report.calls.slow:,} slow"),
        ("snapshots, modifies", f"{report.aws_calls.create_snapshot}, {report.aws_calls.modify}"),
        ("faults", ", ".join(report.faults) or "none"),
        ("the run itself says", "; ".join(report.executions)),
        *((f"told {one.receiver}", "; ".join(one.messages) or "nothing") for one in report.told),
        *((("recovery", str(report.recovery)),) if report.recovery is not None else ()),
    )
    for name, value in rows:
        table.add_row(name, value)
    return table
