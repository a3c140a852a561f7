"""The promise: each job is on exactly one runnable side, or durable in one outbox."""

from __future__ import annotations

from collections import Counter

from tests.sidekiq.model.rules import Configuration
from tests.sidekiq.model.state import Applying, Jobs, Phase, State
from uplift.sidekiq.mover.resuming import Stop


def places(state: State) -> Counter[int]:
    """In how many places each job is. An outbox whose chunk is applied is none."""
    applied = -1 if state.target.applied is None else state.target.applied
    found = Counter(state.source.queue + state.target.jobs + state.held + state.done)
    for outbox in state.source.outboxes:
        if outbox.number > applied:
            found.update(outbox.jobs)
    return found


def broken_jobs(state: State, config: Configuration) -> Jobs:
    """Jobs that are nowhere, or in two places."""
    found = places(state)
    return tuple(job for job in range(config.jobs) if found[job] != 1)


def broken(state: State, config: Configuration) -> str | None:
    """What is wrong with a state. Where nobody waits for replicas a failover loses or doubles jobs; then it must be told (`gone_on`)."""
    if state.is_rolled_back and not config.waits:
        return None
    found = places(state)
    for job in range(config.jobs):
        if found[job] != 1:
            return f"job {job} is {'lost' if found[job] == 0 else 'doubled'}"
    return None


def gone_on(state: State, config: Configuration) -> str | None:
    """What is wrong with a mover that has read both ledgers and goes on."""
    wrong = broken_jobs(state, config)
    return f"a mover goes on, and jobs {wrong} are lost or doubled" if wrong else None


def stopped(state: State, stop: Stop, config: Configuration) -> str | None:
    """What is wrong with a stop: nobody forgot anything, or jobs that are lost or doubled are in no chunk that it names."""
    if config.waits or not state.is_rolled_back:
        return f"a false stop: {stop.reason}"
    named = {job for chunk in state.given if chunk.number in stop.numbers for job in chunk.jobs}
    unnamed = [job for job in broken_jobs(state, config) if job not in named]
    if config.bounds.failovers == 1 and unnamed:
        return f"jobs {unnamed} are lost or doubled, and the stop does not name their chunks"
    return None


def is_end(state: State) -> bool:
    """Nothing is left to do: all is moved and a mover knows that, or one stopped."""
    if any(mover.phase is Phase.STOPPED for mover in state.movers):
        return True
    if state.source.queue or state.source.outboxes or state.held:
        return False
    return any(
        mover.phase is Phase.STEADY
        and mover.epoch == state.source.epoch == state.target.epoch
        and mover.applying is Applying.NO_STEP
        and not (mover.waiting or mover.applied or any(mover.is_cut))
        for mover in state.movers
    )
