"""The steps that call AWS: each takes the run's state, looks before it acts, and returns the next state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from uplift.inplace.elasticache import LegacyCache, ModifyRejected
from uplift.inplace.gather import gather_facts
from uplift.inplace.observation import Observation, Role
from uplift.inplace.preflight import Decision, Verdict, decide
from uplift.inplace.progress import Expected, Progress, decide_progress
from uplift.inplace.report import final_outcome, final_reason, mail_subject, mail_text, report_as_json, write_report
from uplift.inplace.report_store import ReportStore
from uplift.inplace.run_lock import RunLock
from uplift.inplace.run_record import RunKey, RunRecord, goes_on
from uplift.inplace.run_settings import RunSettings
from uplift.inplace.run_state import CensusProgress, Next, NodeAddress, Outcome, RunState
from uplift.inplace.snapshot_decision import SnapshotVerdict, decide_snapshot
from uplift.inplace.telling import Telling
from uplift.keyspace.census_change import CensusChange, compare

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, slots=True)
class ControlSteps:
    """The adapters one execution works with. `now` gives seconds since 1970."""

    settings: RunSettings
    cache: LegacyCache
    lock: RunLock
    s3: S3Client
    telling: Telling
    execution: str
    now: Callable[[], float]

    def take_lock(self, state: RunState) -> RunState:
        """Take the lock, then begin this run or go on with one whose modify may have been sent."""
        observation = self.cache.observe()
        wanted = self._run_key(observation)
        state.started_at = self._seconds()
        state.nodes = _addresses(observation)
        if state.dry_run:
            return _begun(state, wanted, observation)
        if not self.lock.take(self._seconds()):
            state.next, state.reason = Next.BUSY, f"another execution works on {self.settings.legacy_id}; this one has nothing to do"
            return state
        earlier = self.lock.record()
        if earlier is not None and goes_on(earlier, wanted, observation):
            return _continued(state, earlier)
        self.lock.begin(wanted, failover_before=observation.automatic_failover)
        return _begun(state, wanted, observation)

    def preflight(self, state: RunState) -> RunState:
        """Decide whether the upgrade may start."""
        decision = self._decide(state, self.cache.observe())
        state.findings = list(decision.findings)
        state.reason = "; ".join(decision.reasons)
        if decision.verdict is not Verdict.PROCEED:
            refused = decision.verdict is Verdict.REFUSE
            return _finished(state, Outcome.REFUSED if refused else Outcome.NOTHING_TO_DO, state.reason)
        if state.dry_run:
            return _finished(state, Outcome.DRY_RUN, "the upgrade would proceed")
        state.next = Next.CONTINUE
        return state

    def snapshot(self, state: RunState) -> RunState:
        """Create the run's snapshot or look how far it is; comes back until it is ready."""
        self.lock.renew(self._seconds())
        observation = self.cache.observe()
        found = self.cache.snapshot(state.snapshot_name)
        decision = decide_snapshot(
            found,
            source_ids=frozenset({observation.id, *(member.id for member in observation.members)}),
            now=self._moment(),
            longest_age_minutes=self.settings.longest_snapshot_age_minutes,
        )
        state.reason = decision.reason
        if self._moment() >= self.settings.not_after:
            return _finished(state, Outcome.REFUSED, f"past upgrade.not_after while waiting: {decision.reason}")
        match decision.verdict:
            case SnapshotVerdict.CREATE:
                self.cache.create_snapshot(state.snapshot_name, observation.quietest_member.id)
                state.next = Next.WAIT
            case SnapshotVerdict.WAIT:
                state.next = Next.WAIT
            case SnapshotVerdict.REFUSE:
                return _finished(state, Outcome.REFUSED, decision.reason)
            case SnapshotVerdict.READY:
                state.snapshot_size = found.size if found is not None else ""
                state.next = Next.CONTINUE
        return state

    def recheck(self, state: RunState) -> RunState:
        """Look once more, just before the point of no return: a census and a snapshot take their time."""
        self.lock.renew(self._seconds())
        observation = self.cache.observe()
        if not observation.settled:
            # A group stays `snapshotting` for a moment after its snapshot is available.
            state.next, state.reason = Next.WAIT, f"{observation.id} has not settled after the snapshot: {observation.status}"
            return state
        decision = self._decide(state, observation)
        if decision.verdict is not Verdict.PROCEED:
            return _finished(state, Outcome.REFUSED, f"on the second look: {'; '.join(decision.reasons)}")
        state.next = Next.CONTINUE
        return state

    def modify(self, state: RunState) -> RunState:
        """Send the one modify of this run. Whoever comes here again is sent to observe, never to modify."""
        moment = self._seconds()
        self.lock.renew(moment)
        state.next = Next.OBSERVE
        if not self.lock.request_modify(moment, census_pages=state.census_before.pages):
            return state
        target = self.settings.target
        try:
            self.cache.modify(target.engine, target.requested, self.settings.parameter_group)
        except ModifyRejected as problem:
            self.lock.withdraw_modify()
            return _finished(state, Outcome.FAILED, str(problem))
        return state

    def observe(self, state: RunState) -> RunState:
        """Look how far the upgrade is."""
        self.lock.renew(self._seconds())
        record = self.lock.record()
        if record is None or not record.may_have_modified:
            return _finished(state, Outcome.FAILED, "the function died before it sent the modify: nothing has changed, start again")
        # A modify step that died returned no state: its time is in the record.
        state.modify_requested_at = record.modify_requested_at
        age = self._seconds() - state.modify_requested_at
        self.telling.upgrade_age(age)
        observation = self.cache.observe()
        decision = decide_progress(
            observation,
            Expected(self.settings.target, self.settings.parameter_group, state.version_before, state.failover_before),
            agreeing_reads=state.agreeing_reads,
            seconds_since_modify=age,
            longest_seconds=self.settings.longest_minutes * 60,
        )
        state.observations += 1
        state.reason, state.agreeing_reads = decision.reason, decision.agreeing_reads
        state.version_after = ", ".join(observation.versions)
        state.nodes = _addresses(observation)
        match decision.progress:
            case Progress.WAIT:
                state.next = Next.WAIT
            case Progress.FAILED:
                return _finished(state, Outcome.FAILED, decision.reason)
            case Progress.DONE:
                state.outcome, state.next = Outcome.UPGRADED, Next.CONTINUE
        return state

    def report(self, state: RunState) -> RunState:
        """Keep the report, tell people, and settle how the run ended."""
        store = ReportStore(self.s3, self.settings.report_bucket, state.run_key or "no-run")
        change = self._census_change(state, store)
        report = write_report(state, self.settings, self.execution, self._seconds() - (state.started_at or self._seconds()), change)
        state.report_key = store.write_report(self.execution.rsplit(":", 1)[-1], report_as_json(report))
        state.outcome, state.reason = final_outcome(state, change), final_reason(state, change)
        self.telling.people(mail_subject(report), mail_text(report, self.settings.report_bucket, state.report_key))
        self.telling.run_ended(failed=not state.outcome.succeeded)
        state.next = Next.CONTINUE
        return state

    def unlock(self, state: RunState) -> RunState:
        """Give the lock back; a run that failed after its modify keeps its record, so that the next start observes."""
        if state.dry_run:
            return state
        succeeded = state.outcome is not None and state.outcome.succeeded
        record = self.lock.record()
        if record is not None and record.may_have_modified and not succeeded:
            self.lock.release()
        else:
            self.lock.close()
        return state

    def _decide(self, state: RunState, observation: Observation) -> Decision:
        facts = gather_facts(
            self.cache,
            observation,
            self._moment(),
            own_snapshot=state.snapshot_name,
            new_parameters=self.cache.parameters_of(self.settings.parameter_group),
            probe=state.probe,
        )
        return decide(facts, self.settings)

    def _census_change(self, state: RunState, store: ReportStore) -> CensusChange | None:
        if not (state.census_before.done and state.census_after.done):
            return None
        before = store.read_census("census-before", state.census_before.pages)
        after = store.read_census("census-after", state.census_after.pages)
        return compare(before, after, self.settings.largest_key_drop_percent)

    def _run_key(self, observation: Observation) -> RunKey:
        target = self.settings.target
        return RunKey(
            source=self.settings.legacy_id,
            observed_version="+".join(observation.versions),
            target=f"{target.engine}-{target.requested}",
            attempt=self.settings.attempt,
        )

    def _seconds(self) -> int:
        return int(self.now())

    def _moment(self) -> datetime:
        return datetime.fromtimestamp(self.now(), UTC)


def _addresses(observation: Observation) -> list[NodeAddress]:
    return [NodeAddress(id=m.id, host=m.host, port=m.port, is_replica=m.role is Role.REPLICA) for m in observation.members]


def _begun(state: RunState, key: RunKey, observation: Observation) -> RunState:
    state.run_key, state.snapshot_name = str(key), key.snapshot_name
    state.version_before = key.observed_version
    state.failover_before = observation.automatic_failover
    state.next = Next.CONTINUE
    return state


def _continued(state: RunState, record: RunRecord) -> RunState:
    state.run_key, state.snapshot_name = str(record.key), record.key.snapshot_name
    state.version_before = record.key.observed_version
    state.failover_before = record.failover_before
    state.modify_requested_at = record.modify_requested_at
    state.census_before = CensusProgress(pages=record.census_pages, done=record.census_pages > 0)
    state.findings.append("this execution goes on with a run whose modify had been sent before")
    state.next = Next.OBSERVE
    return state


def _finished(state: RunState, outcome: Outcome, reason: str) -> RunState:
    state.outcome, state.reason, state.next = outcome, reason, Next.FINISH
    return state
