"""In which phase a run is, and what it still waits for."""

from __future__ import annotations

from typing import assert_never

from uplift.split.decisions.facts import Facts
from uplift.split.record.stage import Phase, Stage


def phase_of(facts: Facts) -> Phase:
    """From what was decided, and from what was seen."""
    match facts.stage:
        case Stage.OLD:
            return _before_go(facts)
        case Stage.NEW:
            return Phase.MOVING if facts.talking else Phase.MOVED
        case Stage.BACK:
            return Phase.MOVING_BACK
        case Stage.FINISHED:
            return Phase.FINISHED
        case Stage.ABANDONED:
            return Phase.ABANDONED
        case _:
            assert_never(facts.stage)


def _before_go(facts: Facts) -> Phase:
    if facts.refusals is None or facts.refusals:
        return Phase.PREFLIGHT
    if not facts.is_copied:
        return Phase.COPY
    if facts.follow.not_in_sync is not None:
        return Phase.CATCHING_UP
    return Phase.IN_SYNC if why_not_armed(facts) else Phase.ARMED


def why_not_armed(facts: Facts) -> tuple[str, ...]:
    """What is missing before the run can be left in the state in which go is one word."""
    follow = facts.follow
    missing = [
        (bool(facts.refusals), f"the preflight refuses: {'; '.join(facts.refusals or ())}"),
        (facts.refusals is None, "the preflight is not over"),
        (not facts.is_copied, "the copy is not over"),
        (follow.not_in_sync is not None, f"not in sync: {follow.not_in_sync}"),
        (not follow.is_two_way, "the way from the new side to legacy is not armed yet"),
        (follow.is_paused, "the run is paused: resume"),
        (follow.way_back_lost is not None and follow.is_two_way, f"the way back is not open: {follow.way_back_lost}"),
        (facts.canaries is not None, f"not both directions are proven: {facts.canaries}"),
        (not facts.gate.is_held and not facts.gate.is_silent, f"cron of the new side is not silenced: {facts.gate.problem}"),
        (facts.needs_standby and not follow.standby_warm, _no_standby(facts)),
    ]
    return tuple(text for is_missing, text in missing if is_missing)


def _no_standby(facts: Facts) -> str:
    if facts.follow.standby_present:
        return "the engine that stands by does not know enough yet to take over without a gap"
    return "no engine stands by: start one with --standby, or begin the run with --without-standby: then a death is a gap"


def is_back_over(facts: Facts) -> bool:
    """Whether nobody and nothing is left on the new side, so that the run is where it was before go."""
    return not why_back_is_not_over(facts)


def why_back_is_not_over(facts: Facts) -> tuple[str, ...]:
    """What the way back still waits for."""
    handover, gate = facts.handover, facts.gate
    waits = [*facts.talking]
    if not handover.is_done:
        waits.append(f"jobs on the new side: {handover.problem or f'{handover.jobs_left:,} left'}")
    if handover.held:
        waits.append(f"{handover.held:,} jobs wait on the new side behind the same job with another score")
    if not (gate.is_over or gate.is_silent):
        waits.append(f"cron: {gate.problem}")
    if facts.follow.not_in_sync is not None:
        waits.append(f"not in sync: {facts.follow.not_in_sync}")
    return tuple(waits)
