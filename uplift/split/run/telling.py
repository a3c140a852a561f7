"""From what a run is to what it says of itself."""

from __future__ import annotations

import time
from dataclasses import dataclass

from uplift import __version__
from uplift.keyspace.follow.status import Status as FollowStatus
from uplift.split.decisions.facts import Facts
from uplift.split.decisions.phase import why_back_is_not_over, why_not_armed
from uplift.split.decisions.verdicts import Verdict, may
from uplift.split.decisions.wants import MoverWant
from uplift.split.record.asked import Options, Wish
from uplift.split.record.split_record import SplitRecord
from uplift.split.record.stage import Phase
from uplift.split.run.evidence_part import EvidenceShown
from uplift.split.run.live import settings_at
from uplift.split.run.moving_jobs import MovingShown
from uplift.split.run.turning_cron import CronShown
from uplift.split.status.split_status import (
    CanStatus,
    CheckStatus,
    ClientStatus,
    EngineStatus,
    GateStatus,
    HandoverStatus,
    SplitStatus,
    WayBackStatus,
)
from uplift.split.store.store import Beat

_STEPS_SHOWN = 60
_WISHES = (Wish.GO, Wish.BACK, Wish.ABANDON, Wish.FINISH)


@dataclass(frozen=True, slots=True)
class Told:
    """What the run knows beside its parts. `phase_since`: seconds since 1970; `late` as in SplitStatus."""

    engine: str
    phase: Phase
    phase_since: float
    is_resumed: bool
    problem: str | None
    checks: tuple[CheckStatus, ...]
    beats: tuple[Beat, ...]
    late: dict[str, int]
    hook_failures: int


def status_of(
    told: Told,
    record: SplitRecord,
    facts: Facts,
    *,
    follow: FollowStatus | None,
    moving: MovingShown | None,
    cron: CronShown | None,
    evidence: EvidenceShown | None,
) -> SplitStatus:
    """The whole status as it is now."""
    now = time.time()
    shown = evidence or EvidenceShown()
    return SplitStatus(
        at=now,
        run=record.run,
        engine=told.engine,
        version=__version__,
        revision=record.revision,
        phase=told.phase,
        phase_seconds=max(0.0, now - told.phase_since),
        stage=record.stage,
        side=record.stage.side,
        why=_why(told.phase, facts),
        problem=told.problem,
        is_resumed=told.is_resumed,
        can={wish.value: _can(may(wish, facts, Options())) for wish in _WISHES},
        seconds_left=follow.seconds_left if follow is not None else None,
        checks=told.checks,
        follow=follow,
        canaries=shown.arrived,
        handover=_handover(moving),
        gate=_gate(cron),
        clients=tuple(
            ClientStatus(one.server, one.address, one.name, one.age_seconds, one.idle_seconds, one.command) for one in shown.clients
        ),
        quiet_seconds=shown.quiet_seconds if told.phase in {Phase.MOVING, Phase.MOVED, Phase.MOVING_BACK} else None,
        way_back=_way_back(facts, moving),
        command=record.command,
        unfinished=record.unfinished,
        steps=record.history[-_STEPS_SHOWN:],
        settings={name: one.value for name, one in settings_at(record.settings, now).items()},
        named=facts.follow.named,
        engines=tuple(EngineStatus(one.engine, one.is_leading, one.is_warm, one.version) for one in told.beats),
        engines_used=record.engines_used,
        reached={phase.value: at for phase, at in record.reached.items()},
        late=told.late,
        hook_failures=told.hook_failures,
    )


def _can(verdict: Verdict) -> CanStatus:
    return CanStatus(verdict.is_allowed, verdict.reasons, verdict.notes)


def _why(phase: Phase, facts: Facts) -> tuple[str, ...]:
    """What the phase waits for."""
    match phase:
        case Phase.PREFLIGHT | Phase.COPY | Phase.CATCHING_UP | Phase.IN_SYNC:
            return why_not_armed(facts)
        case Phase.MOVING:
            return facts.talking
        case Phase.MOVING_BACK:
            return why_back_is_not_over(facts)
        case Phase.ARMED | Phase.MOVED | Phase.FINISHED | Phase.ABANDONED:
            return ()


def _handover(moving: MovingShown | None) -> HandoverStatus | None:
    if moving is None or moving.doing is MoverWant.IDLE:
        return None
    facts = moving.facts
    direction = "back" if moving.doing in {MoverWant.BACK, MoverWant.SETTLE_BACK} else "forward"
    seconds_left = moving.to_go / moving.jobs_a_second if moving.to_go and moving.jobs_a_second else None
    return HandoverStatus(
        direction,
        moving.jobs,
        moving.jobs_a_second,
        moving.rounds,
        moving.to_go,
        seconds_left,
        facts.jobs_left,
        facts.is_done,
        facts.is_settled,
        facts.left,
        facts.problem,
        facts.stopped,
    )


def _gate(cron: CronShown | None) -> GateStatus | None:
    if cron is None or cron.phase is None:
        return None
    facts = cron.facts
    return GateStatus(cron.phase, cron.direction, cron.instant, cron.reason, facts.is_over, facts.is_silent, cron.by_hand, facts.doubtful)


def _way_back(facts: Facts, moving: MovingShown | None) -> WayBackStatus | None:
    follow = facts.follow
    if not follow.is_following:
        return None
    rate = moving.jobs_a_second if moving is not None else 0.0
    takes = facts.new_side_jobs / rate if rate else None
    return WayBackStatus(follow.way_back_lost is None, follow.way_back_lost, follow.way_back_seconds, takes, dict(follow.not_described))
