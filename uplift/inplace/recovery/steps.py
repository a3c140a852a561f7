"""The steps of a recovery that call AWS: restore a run's snapshot into a new group, wait, compare, report. Legacy is only read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

from uplift.errors import RunRefused
from uplift.inplace.aws.report_store import AFTER, BEFORE, COMPARE, ReportBucketUnusable, ReportStore
from uplift.inplace.records.observation import AVAILABLE
from uplift.inplace.records.run_facts import FACTS, RunFacts
from uplift.inplace.records.run_state import CensusProgress, CheckProgress, Next, Outcome, RunState, StateModel, addresses, finished
from uplift.inplace.recovery.restored_group import primary_endpoint, recovered_group_id, restore, restored_cache
from uplift.inplace.steps.adapters import ControlAdapters
from uplift.inplace.steps.read_loss_proof import read_measured
from uplift.keyspace.census.census import shared_in
from uplift.keyspace.census.cold_check import ColdCount
from uplift.keyspace.census.loss import judge_loss

RESTORED, LEGACY_NOW = "-restored", "-legacy-now"
RECOVERY = "recovery"
SCHEMA = "uplift.inplace.recovery/2"
_PROGRESS = f"{RECOVERY}-progress"
_RESTORABLE = frozenset({AVAILABLE, "restoring"})


@dataclass(frozen=True, slots=True)
class PatternRow:
    """Keys of one pattern: in the run's census before the upgrade, restored, and in legacy now (None: not to be read)."""

    pattern: str
    before: int
    restored: int
    legacy_now: int | None


@dataclass(frozen=True, slots=True)
class RecoveryReport:
    """What was restored. Times are seconds since 1970: writes after `has_writes_until` are not in the restored group."""

    schema: str
    environment: str
    run_id: str
    outcome: str
    reason: str
    group_id: str
    endpoint: str
    tls: bool
    version: str
    snapshot: str
    has_writes_until: int
    written_at: int
    cold: ColdCount | None = None
    patterns: list[PatternRow] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RecoverySteps:
    """Restore, observe, look at legacy, report. `token` reads legacy's AUTH token, None where it has none."""

    adapters: ControlAdapters
    token: Callable[[], str | None]

    def restore(self, state: RunState) -> RunState:
        """Ask for the group, once. The state comes with nothing but the run's id."""
        facts = self._facts(state)
        settings = self.adapters.settings
        snapshot = self.adapters.cache.snapshot(facts.snapshot_name)
        if snapshot is None or snapshot.status not in _RESTORABLE:
            found = "does not exist any more" if snapshot is None else f"is {snapshot.status!r}, expected {AVAILABLE!r}"
            raise RunRefused(f"snapshot {facts.snapshot_name} {found}: nothing can be restored from it")
        restore(
            self.adapters.cache.client,
            facts,
            target=settings.target,
            parameter_group=settings.parameter_group,
            tls=settings.recovery_tls,
            at_rest=settings.recovery_at_rest_encryption,
            token=self.token(),
            tags=settings.tags,
        )
        state.started_at, state.suffix = self.adapters.seconds(), RESTORED
        state.snapshot_name, state.version_before = facts.snapshot_name, facts.version_before
        state.recovered_group = recovered_group_id(facts.run_id)
        state.census_before = CensusProgress(pages=facts.census_pages, done=True)
        state.next = Next.WAIT
        return state

    def observe_restored(self, state: RunState) -> RunState:
        """Look whether the group is there; it is when every node is available at the target."""
        restored = restored_cache(self.adapters.cache.client, state.run_id)
        observation = restored.observe()
        if observation.broken:
            events = "; ".join(restored.events_of(observation, 3600))
            return finished(state, Outcome.FAILED, f"{observation.id} or a node is {observation.broken}: {events}")
        if not (observation.settled and observation.members and observation.all_run(self.adapters.settings.target)):
            state.next, state.reason = Next.WAIT, f"{observation.id} is {observation.status}, expected {AVAILABLE}"
            return state
        tls = self.adapters.settings.recovery_tls
        state.nodes = [node.model_copy(update={"tls": tls}) for node in addresses(observation)]
        state.version_after = ", ".join(observation.versions)
        state.outcome, state.next, state.reason = Outcome.RECOVERED, Next.CONTINUE, f"{observation.id} is there"
        return state

    def look_at_legacy(self, state: RunState) -> RunState:
        """Keep what was counted in the restored group and go on to count legacy as it is now."""
        store = self.adapters.store(state.run_id)
        store.write(_PROGRESS, _Progress(census=state.census_after, compare=state.compare).model_dump(mode="json"))
        state.nodes = addresses(self.adapters.cache.observe())
        state.suffix, state.census_after, state.next = LEGACY_NOW, CensusProgress(), Next.CONTINUE
        return state

    def report(self, state: RunState) -> RunState:
        """Keep the report and notify people. Raises ReportBucketUnusable or PeopleUnreachable."""
        store = self.adapters.store(state.run_id)
        report = self._report(state, store)
        state.outcome, state.reason = Outcome(report.outcome), report.reason
        state.report_key = store.write(RECOVERY, asdict(report))
        self.adapters.notifications.publish(
            f"Uplift {report.environment}: recovery of {report.run_id} {report.outcome}"[:100],
            _mail(report),
            is_notice=state.outcome.succeeded,
        )
        state.next = Next.CONTINUE
        return state

    def _report(self, state: RunState, store: ReportStore) -> RecoveryReport:
        facts, settings = self._facts(state), self.adapters.settings
        troubles = [trouble.summary for trouble in (state.failure, state.proof_trouble) if trouble is not None]
        host, port = primary_endpoint(self.adapters.cache.client, state.recovered_group) if state.outcome is Outcome.RECOVERED else ("", 0)
        outcome, reason, cold, rows = self._judged(state, store)
        return RecoveryReport(
            schema=SCHEMA,
            environment=settings.environment,
            run_id=state.run_id,
            outcome=outcome.value,
            reason=reason,
            group_id=state.recovered_group,
            endpoint=f"{'rediss' if settings.recovery_tls else 'redis'}://{host}:{port}" if host else "",
            tls=settings.recovery_tls,
            version=state.version_after,
            snapshot=facts.snapshot_name,
            has_writes_until=facts.snapshot_taken_at,
            written_at=self.adapters.seconds(),
            cold=cold,
            patterns=rows,
            troubles=troubles,
        )

    def _judged(self, state: RunState, store: ReportStore) -> tuple[Outcome, str, ColdCount | None, list[PatternRow]]:
        if state.failure is not None or state.outcome is not Outcome.RECOVERED:
            return Outcome.FAILED, state.failure.summary if state.failure else state.reason, None, []
        try:
            cold, measured, rows = self._compared(state, store)
        except ReportBucketUnusable as problem:
            return Outcome.UNPROVEN, f"{state.recovered_group} is there, but was not compared: {problem}", None, []
        judgement = judge_loss(measured, cold, evicted=0)
        if judgement.loss:
            return Outcome.LOST, f"{state.recovered_group} is there, but {judgement.loss}", cold, rows
        return (
            Outcome.RECOVERED,
            f"{state.recovered_group} has {cold.same} of {cold.compared} cold keys, {cold.expired} expired",
            cold,
            rows,
        )

    def _compared(self, state: RunState, store: ReportStore) -> tuple[ColdCount, ColdCount, list[PatternRow]]:
        """The check of the restored group, that of the run before its modify, and the rows of patterns."""
        progress = _Progress.model_validate_json(store.read(_PROGRESS))
        cold = store.read_check(COMPARE + RESTORED, progress.compare.pages).total
        _progress, measured = read_measured(store)
        before = store.read_census(BEFORE, state.census_before.pages)
        restored = store.read_census(AFTER + RESTORED, progress.census.pages)
        seen = state.suffix == LEGACY_NOW and state.census_after.done
        legacy = store.read_census(AFTER + LEGACY_NOW, state.census_after.pages) if seen else None
        words = shared_in([before, restored, *([legacy] if legacy else [])])
        before, restored, legacy = before.shown(words), restored.shown(words), legacy.shown(words) if legacy else None
        names = sorted({*before.patterns, *restored.patterns, *(legacy.patterns if legacy else ())})
        rows = [PatternRow(name, before.keys_of(name), restored.keys_of(name), legacy.keys_of(name) if legacy else None) for name in names]
        return cold, measured.total, rows

    def _facts(self, state: RunState) -> RunFacts:
        try:
            return RunFacts.model_validate_json(self.adapters.store(state.run_id).read(FACTS))
        except ReportBucketUnusable as problem:
            raise RunRefused(f"run {state.run_id} has left no facts, so it never came to its modify: {problem}") from problem


class _Progress(StateModel):
    """How many pages the restored group's census and check have."""

    census: CensusProgress
    compare: CheckProgress


def _mail(report: RecoveryReport) -> str:
    until = datetime.fromtimestamp(report.has_writes_until, UTC)
    lines = [
        f"recovery of run {report.run_id} ({report.environment}): {report.outcome}",
        report.reason,
        f"endpoint: {report.endpoint or 'none'}, engine {report.version or '?'}",
        f"restored from {report.snapshot}: it has writes until {until:%Y-%m-%d %H:%M:%S} UTC, none after",
        "the old group is left as it is",
    ]
    return "\n".join([*lines, *(f"! {trouble}" for trouble in report.troubles)])
