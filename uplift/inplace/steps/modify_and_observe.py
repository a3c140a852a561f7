"""The one modify of a run, with legacy's own alarms muted, and the looks at how far the upgrade is."""

from __future__ import annotations

from dataclasses import dataclass

from uplift.errors import NotTaken
from uplift.inplace.aws.engine_change import ModifyRejected
from uplift.inplace.decisions.engine_progress import Expected, Progress, decide_progress
from uplift.inplace.records.run_state import Next, Outcome, RunState, addresses, finished
from uplift.inplace.steps.adapters import ControlAdapters


@dataclass(frozen=True, slots=True)
class EngineSteps:
    """Modify and observe."""

    adapters: ControlAdapters

    def modify(self, state: RunState) -> RunState:
        """Send the one modify of this run. Whoever comes here again is sent to observe, never to modify.

        Raises NotTaken, after which the step may be done again; any other error leaves the modify open, and the machine observes.
        """
        now, lock = self.adapters.seconds(), self.adapters.lock
        lock.renew(now)
        self.adapters.alarm_actions.mute()
        state.next = Next.OBSERVE
        if not lock.request_modify(now, census_pages=state.census_before.pages):
            return state
        target = self.adapters.settings.target
        try:
            self.adapters.engine_change.request(target.engine, target.requested, self.adapters.settings.parameter_group)
        except NotTaken:
            lock.withdraw_modify()
            raise
        except ModifyRejected as problem:
            lock.withdraw_modify()
            return finished(state, Outcome.FAILED, str(problem))
        return state

    def observe(self, state: RunState) -> RunState:
        """Look how far the upgrade is."""
        self.adapters.lock.renew(self.adapters.seconds())
        record = self.adapters.lock.record()
        if record is None or not record.may_have_modified:
            return finished(state, Outcome.FAILED, "the step ended before it sent the modify: nothing has changed, start again")
        # A modify step that died returned no state: its time is in the record.
        state.modify_requested_at = record.modify_requested_at
        now = self.adapters.seconds()
        age = now - state.modify_requested_at
        observation, settings = self.adapters.cache.observe(), self.adapters.settings
        decision = decide_progress(
            observation,
            Expected(
                settings.target, settings.parameter_group, state.version_before, state.failover_before, settings.settled_grace_seconds
            ),
            agreeing_reads=state.agreeing_reads,
            seconds_since_modify=age,
            # An execution that goes on with a run gets the whole time again, or nobody could watch a change that lasts longer.
            seconds_watched=now - max(state.modify_requested_at, state.started_at),
            longest_seconds=settings.longest_minutes * 60,
        )
        state.observations += 1
        state.reason, state.agreeing_reads = decision.reason, decision.agreeing_reads
        state.version_after = ", ".join(observation.versions)
        state.nodes = addresses(observation)
        match decision.progress:
            case Progress.WAIT:
                self.adapters.notifications.upgrade_age(age)
                state.next = Next.WAIT
            case Progress.FAILED:
                state.findings += self.adapters.cache.events_of(observation, age)
                return finished(state, Outcome.FAILED, decision.reason)
            case Progress.DONE:
                state.outcome, state.next = Outcome.UPGRADED, Next.CONTINUE
        return state
