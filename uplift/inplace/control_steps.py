"""The steps up to the end of the upgrade that call AWS: each takes the run's state, looks before it acts, and returns the next state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from uplift.errors import RunRefused
from uplift.inplace.elasticache import LegacyCache, ModifyRejected
from uplift.inplace.executions import Executions
from uplift.inplace.gather import gather_facts
from uplift.inplace.observation import Observation, Role
from uplift.inplace.outage import expected_outage
from uplift.inplace.preflight import Decision, Verdict, approval_problem, decide
from uplift.inplace.progress import Expected, Progress, decide_progress
from uplift.inplace.report_store import ReportStore
from uplift.inplace.run_facts import FACTS, RunFacts
from uplift.inplace.run_lock import RunLock
from uplift.inplace.run_record import RunKey, RunRecord, goes_on
from uplift.inplace.run_settings import RunSettings
from uplift.inplace.run_state import CensusProgress, Next, NodeAddress, Outcome, RunState
from uplift.inplace.snapshot_decision import SnapshotVerdict, decide_snapshot
from uplift.inplace.telling import Telling

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_LARGEST_CLOCK_ERROR_SECONDS = 600


@dataclass(frozen=True, slots=True)
class ControlAdapters:
    """What one execution works with. `now` gives seconds since 1970."""

    settings: RunSettings
    cache: LegacyCache
    lock: RunLock
    s3: S3Client
    telling: Telling
    executions: Executions
    execution: str
    now: Callable[[], float]

    def seconds(self) -> int:
        """Now, in whole seconds since 1970."""
        return int(self.now())

    def moment(self) -> datetime:
        """Now, as a date."""
        return datetime.fromtimestamp(self.now(), UTC)

    def store(self, run_id: str) -> ReportStore:
        """Where one run's documents are kept."""
        return ReportStore(self.s3, self.settings.report_bucket, run_id or "no-run")


@dataclass(frozen=True, slots=True)
class ControlSteps:
    """Lock, preflight, snapshot, recheck, modify, observe."""

    adapters: ControlAdapters

    def take_lock(self, state: RunState, entered: str) -> RunState:
        """Take the lock, then begin this run or go on with one whose modify may have been sent.

        Raises RunRefused where the function's clock is wrong: times decide when a lease, a snapshot and the whole run are too old.
        """
        self._check_clock(entered)
        observation = self.adapters.cache.observe()
        wanted = self._run_key(observation)
        state.started_at = self.adapters.seconds()
        state.nodes = addresses(observation)
        if state.dry_run:
            return _begun(state, wanted, observation)
        lock = self.adapters.lock
        if not self._takes_lock():
            state.next, state.reason = Next.BUSY, f"{lock.holder()} works on {lock.source}; this execution has nothing to do"
            return state
        earlier = lock.record()
        if earlier is not None and goes_on(earlier, wanted, observation):
            return _continued(state, earlier)
        lock.begin(wanted, failover_before=observation.automatic_failover)
        return _begun(state, wanted, observation)

    def _check_clock(self, entered: str) -> None:
        if not entered:
            return
        apart = self.adapters.now() - datetime.fromisoformat(entered).timestamp()
        if abs(apart) > _LARGEST_CLOCK_ERROR_SECONDS:
            raise RunRefused(
                f"the function's clock is {apart:+.0f} s from the state machine's, allowed: {_LARGEST_CLOCK_ERROR_SECONDS} s; "
                "nothing was done: start again"
            )

    def _takes_lock(self) -> bool:
        """An execution that was stopped gives no lock back: its lock is taken at once, without waiting for the lease."""
        lock, now = self.adapters.lock, self.adapters.seconds()
        if lock.take(now):
            return True
        holder = lock.holder()
        return bool(holder) and self.adapters.executions.has_ended(holder) and lock.take_from(holder, now)

    def preflight(self, state: RunState) -> RunState:
        """Decide whether the upgrade may start, and say so where people and a later recovery will look: both must be possible."""
        observation = self.adapters.cache.observe()
        decision = self._decide(state, observation)
        state.findings, state.plan = list(decision.findings), decision.plan
        state.reason = "; ".join(decision.reasons)
        if decision.verdict is Verdict.NOTHING_TO_DO:
            return finished(state, Outcome.NOTHING_TO_DO, state.reason)
        if decision.verdict is Verdict.REFUSE:
            return finished(state, Outcome.REFUSED, state.reason)
        if state.dry_run:
            return finished(state, Outcome.DRY_RUN, f"the upgrade would proceed; its plan is {decision.plan}")
        if problem := approval_problem(decision.plan, self.adapters.settings):
            return finished(state, Outcome.REFUSED, problem)
        self._announce(state, observation)
        state.next = Next.CONTINUE
        return state

    def _announce(self, state: RunState, observation: Observation) -> None:
        settings = self.adapters.settings
        self.adapters.store(state.run_id).write("started", {"execution": self.adapters.execution, "plan": state.plan})
        self.adapters.telling.people(
            f"Uplift {settings.environment}: upgrade of {settings.legacy_id} begins"[:100],
            f"run {state.run_id}: {state.version_before} to {settings.target}, plan {state.plan} approved by {settings.approved_by}\n"
            f"expected outage: {expected_outage(observation)}, after census and snapshot",
        )

    def snapshot(self, state: RunState) -> RunState:
        """Create the run's snapshot or look how far it is; comes back until it is ready."""
        self.adapters.lock.renew(self.adapters.seconds())
        cache, settings, now = self.adapters.cache, self.adapters.settings, self.adapters.moment()
        observation = cache.observe()
        found = cache.snapshot(state.snapshot_name)
        decision = decide_snapshot(
            found,
            source_ids=frozenset({observation.id, *(member.id for member in observation.members)}),
            now=now,
            longest_age_minutes=settings.longest_snapshot_age_minutes,
        )
        state.reason = decision.reason
        if now >= settings.not_after:
            return finished(state, Outcome.REFUSED, f"past upgrade.not_after while waiting: {decision.reason}")
        match decision.verdict:
            case SnapshotVerdict.CREATE:
                cache.create_snapshot(state.snapshot_name, observation.quietest_member.id)
                state.next = Next.WAIT
            case SnapshotVerdict.WAIT:
                state.next = Next.WAIT
            case SnapshotVerdict.REFUSE:
                return finished(state, Outcome.REFUSED, decision.reason)
            case SnapshotVerdict.READY:
                state.snapshot_size = found.size if found is not None else ""
                state.next = Next.CONTINUE
        return state

    def recheck(self, state: RunState) -> RunState:
        """Look once more, just before the point of no return: a census and a snapshot take their time."""
        self.adapters.lock.renew(self.adapters.seconds())
        observation = self.adapters.cache.observe()
        if not observation.settled:
            # A group stays `snapshotting` for a moment after its snapshot is available.
            state.next, state.reason = Next.WAIT, f"{observation.id} has not settled after the snapshot: {observation.status}"
            if self.adapters.moment() >= self.adapters.settings.not_after:
                return finished(state, Outcome.REFUSED, f"past upgrade.not_after while waiting: {state.reason}")
            return state
        decision = self._decide(state, observation)
        reasons = [*decision.reasons, approval_problem(decision.plan, self.adapters.settings)]
        if decision.verdict is not Verdict.PROCEED or any(reasons):
            return finished(state, Outcome.REFUSED, f"on the second look: {'; '.join(filter(None, reasons))}")
        snapshot = self.adapters.cache.snapshot(state.snapshot_name)
        if snapshot is None:
            return finished(state, Outcome.REFUSED, f"on the second look: snapshot {state.snapshot_name} is gone")
        self.adapters.store(state.run_id).write(FACTS, RunFacts.of(state, observation, snapshot).model_dump(mode="json"))
        state.next = Next.CONTINUE
        return state

    def modify(self, state: RunState) -> RunState:
        """Send the one modify of this run. Whoever comes here again is sent to observe, never to modify."""
        moment, lock = self.adapters.seconds(), self.adapters.lock
        lock.renew(moment)
        self.adapters.telling.mute_alarms()
        state.next = Next.OBSERVE
        if not lock.request_modify(moment, census_pages=state.census_before.pages):
            return state
        target = self.adapters.settings.target
        try:
            self.adapters.cache.modify(target.engine, target.requested, self.adapters.settings.parameter_group)
        except ModifyRejected as problem:
            lock.withdraw_modify()
            return finished(state, Outcome.FAILED, str(problem))
        return state

    def observe(self, state: RunState) -> RunState:
        """Look how far the upgrade is."""
        self.adapters.lock.renew(self.adapters.seconds())
        record = self.adapters.lock.record()
        if record is None or not record.may_have_modified:
            return finished(state, Outcome.FAILED, "the function died before it sent the modify: nothing has changed, start again")
        # A modify step that died returned no state: its time is in the record.
        state.modify_requested_at = record.modify_requested_at
        age = self.adapters.seconds() - state.modify_requested_at
        self.adapters.telling.upgrade_age(age)
        observation, settings = self.adapters.cache.observe(), self.adapters.settings
        decision = decide_progress(
            observation,
            Expected(
                settings.target, settings.parameter_group, state.version_before, state.failover_before, settings.settled_grace_seconds
            ),
            agreeing_reads=state.agreeing_reads,
            seconds_since_modify=age,
            longest_seconds=settings.longest_minutes * 60,
        )
        state.observations += 1
        state.reason, state.agreeing_reads = decision.reason, decision.agreeing_reads
        state.version_after = ", ".join(observation.versions)
        state.nodes = addresses(observation)
        match decision.progress:
            case Progress.WAIT:
                state.next = Next.WAIT
            case Progress.FAILED:
                state.findings += self.adapters.cache.events_of(observation, age)
                return finished(state, Outcome.FAILED, decision.reason)
            case Progress.DONE:
                state.outcome, state.next = Outcome.UPGRADED, Next.CONTINUE
        return state

    def _decide(self, state: RunState, observation: Observation) -> Decision:
        cache, settings = self.adapters.cache, self.adapters.settings
        facts = gather_facts(
            cache,
            observation,
            self.adapters.moment(),
            own_snapshot=state.snapshot_name,
            new_parameters=cache.parameters_of(settings.parameter_group),
            probe=state.probe,
        )
        return decide(facts, settings)

    def _run_key(self, observation: Observation) -> RunKey:
        settings = self.adapters.settings
        return RunKey(
            source=settings.legacy_id,
            observed_version="+".join(observation.versions),
            target=f"{settings.target.engine}-{settings.target.requested}",
            attempt=settings.attempt,
        )


def finished(state: RunState, outcome: Outcome, reason: str) -> RunState:
    """The run ends here: on to the report."""
    state.outcome, state.reason, state.next = outcome, reason, Next.FINISH
    return state


def addresses(observation: Observation) -> list[NodeAddress]:
    """Where the data function finds the nodes."""
    return [NodeAddress(id=m.id, host=m.host, port=m.port, is_replica=m.role is Role.REPLICA) for m in observation.members]


def _begun(state: RunState, key: RunKey, observation: Observation) -> RunState:
    state.run_key, state.run_id, state.snapshot_name = str(key), key.id, key.snapshot_name
    state.version_before = key.observed_version
    state.failover_before = observation.automatic_failover
    state.next = Next.CONTINUE
    return state


def _continued(state: RunState, record: RunRecord) -> RunState:
    key = record.key
    state.run_key, state.run_id, state.snapshot_name = str(key), key.id, key.snapshot_name
    state.version_before = key.observed_version
    state.failover_before = record.failover_before
    state.modify_requested_at = record.modify_requested_at
    state.census_before = CensusProgress(pages=record.census_pages, done=True)
    state.findings.append("this execution goes on with a run whose modify had been sent before")
    state.next = Next.OBSERVE
    return state
