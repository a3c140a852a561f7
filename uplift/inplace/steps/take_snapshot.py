"""The run's snapshot: created once, then waited for."""

from __future__ import annotations

from dataclasses import dataclass

from uplift.inplace.decisions.snapshot import SnapshotVerdict, decide_snapshot
from uplift.inplace.decisions.time_left import why_out_of_time
from uplift.inplace.records.run_state import Next, Outcome, RunState, finished
from uplift.inplace.steps.adapters import ControlAdapters


@dataclass(frozen=True, slots=True)
class SnapshotStep:
    """Create the snapshot, or look how far it is."""

    adapters: ControlAdapters

    def snapshot(self, state: RunState) -> RunState:
        """Create the run's snapshot or look how far it is; comes back until it is ready."""
        self.adapters.lock.renew(self.adapters.seconds())
        cache, settings, now = self.adapters.cache, self.adapters.settings, self.adapters.now_utc()
        observation = cache.observe()
        found = cache.snapshot(state.snapshot_name)
        decision = decide_snapshot(
            found,
            source_ids=frozenset({observation.id, *(member.id for member in observation.members)}),
            now=now,
            longest_age_minutes=settings.longest_snapshot_age_minutes,
        )
        state.reason = decision.reason
        if problem := why_out_of_time(state.started_at, now, settings.not_after):
            return finished(state, Outcome.REFUSED, f"{problem}, while waiting: {decision.reason}")
        match decision.verdict:
            case SnapshotVerdict.CREATE:
                not_yet = cache.create_snapshot(state.snapshot_name, observation.quietest_member.id, settings.tags)
                state.reason = not_yet or decision.reason
                state.next = Next.WAIT
            case SnapshotVerdict.WAIT:
                state.next = Next.WAIT
            case SnapshotVerdict.REFUSE:
                return finished(state, Outcome.REFUSED, decision.reason)
            case SnapshotVerdict.READY:
                state.snapshot_size = found.size if found is not None else ""
                state.next = Next.CONTINUE
        return state
