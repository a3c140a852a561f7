"""The first step: take the run lock, and begin a run or go on with one whose modify may have been sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from uplift.errors import RunRefused
from uplift.inplace.records.observation import Observation
from uplift.inplace.records.run_record import RunKey, RunRecord, goes_on
from uplift.inplace.records.run_state import CensusProgress, Next, RunState, addresses
from uplift.inplace.steps.adapters import ControlAdapters

_LARGEST_CLOCK_ERROR_SECONDS = 600


@dataclass(frozen=True, slots=True)
class LockStep:
    """Take the lock."""

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
        """One that runs keeps its lock; of one that has ended it is taken at once, and its lease decides where that cannot be known."""
        lock, now = self.adapters.lock, self.adapters.seconds()
        if lock.take(now):
            return True
        holder = lock.holder()
        if not holder:
            # It was given back between the two looks.
            return lock.take(now)
        match self.adapters.executions.is_running(holder):
            case True:
                return False
            case False:
                return lock.take_from(holder, now)
            case None:
                return lock.take_expired(holder, now)

    def _run_key(self, observation: Observation) -> RunKey:
        settings = self.adapters.settings
        return RunKey(
            source=settings.legacy_id,
            observed_version="+".join(observation.versions),
            target=f"{settings.target.engine}-{settings.target.requested}",
            attempt=settings.attempt,
        )


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
