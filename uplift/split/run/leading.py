"""What the engine that leads does at every look: bring each part to what is wanted, decide what is asked, and say how it stands."""

from __future__ import annotations

import time

from uplift.keyspace.follow.live_settings import SettingName
from uplift.keyspace.follow.status import Status as FollowStatus
from uplift.split.decisions.facts import Facts
from uplift.split.decisions.phase import is_back_over, phase_of
from uplift.split.decisions.wants import Wants, wants_of
from uplift.split.hooks.hook_command import hook_command
from uplift.split.hooks.on_go import OnGo
from uplift.split.record.asked import Asked, Wish
from uplift.split.record.stage import Phase, Stage
from uplift.split.record.steps import StepName, StepOutcome, StoredStep
from uplift.split.run.alerts import Alerts
from uplift.split.run.commanding import Commanding
from uplift.split.run.evidence_part import EvidenceWants
from uplift.split.run.facts_gathering import gathered, leaving_of
from uplift.split.run.kept_record import KeptRecord
from uplift.split.run.live import JOBS_A_SECOND, settings_at
from uplift.split.run.moving_jobs import MovingWants
from uplift.split.run.news import News
from uplift.split.run.outside import Outside
from uplift.split.run.parts import EngineParts
from uplift.split.run.preflighting import Preflighting
from uplift.split.run.request import SplitRequest
from uplift.split.run.sidekiq_part import SidekiqWants
from uplift.split.run.split_events import EventKind
from uplift.split.run.steps_of_a_command import Parts, Steps
from uplift.split.run.telling import Told, status_of
from uplift.split.run.turned_pointer import TurnedPointer
from uplift.split.run.watched_beats import WatchedBeats
from uplift.split.run.watching_legacy import WatchingLegacy
from uplift.split.status.split_status import SplitStatus, status_as_json

_TELL_SECONDS = 1.0


class Leading:
    """From the moment an engine leads until it does no more. `phase` is that of the latest look."""

    def __init__(self, request: SplitRequest, kept: KeptRecord, parts: EngineParts, news: News, beats: WatchedBeats) -> None:
        self.phase = Phase.PREFLIGHT
        self._phase_since = time.time()
        self._request, self._kept, self._parts, self._news, self._beats = request, kept, parts, news, beats
        self._preflight = Preflighting(request, kept.existing)
        self._pointer = TurnedPointer(kept, request.pointer)
        self._outside = Outside(request.on_event)
        self._alerts = Alerts(news)
        self._watching = WatchingLegacy(request, news)
        self._is_resumed = kept.existing.engines_used > 1
        self._tell_at, self._told_revision = 0.0, -1
        self._on_go = OnGo(hook_command(request.on_go, "--on-go"), request.on_go_seconds) if request.on_go else None
        work = Parts(
            request,
            parts.follow,
            lambda: parts.sidekiq,
            lambda: parts.sides(kept.existing),
            self._on_go,
            self._pointer.turn,
            lambda: tuple(beat.engine for beat in beats.alive()),
            self._write_report,
            lambda: parts.remove_canaries(kept.existing),
        )
        self._steps = Steps(work)
        self._commanding = Commanding(kept, self._steps, news.tell, self._veto, lambda: self._pointer.side)

    def close(self) -> None:
        """Let go of what only this one has. Safe to call twice."""
        self._preflight.close()
        self._watching.close()
        self._outside.close()
        if self._on_go is not None:
            self._on_go.close()

    @property
    def is_over(self) -> bool:
        """Whether the run is, and nothing of it is left to do."""
        record = self._kept.existing
        return record.stage.is_over and record.command is None and record.unfinished is None

    def look(self) -> None:
        """Raises StoreConflict where this engine does not lead any more, NotSafe where the preflight refuses."""
        self._news.run = self._kept.existing.run
        self._parts.raise_failure()
        self._open_what_is_missing()
        follow_status = self._parts.follow.status()
        self._write_down(follow_status)
        self._want(self._wants())
        facts = self._facts(follow_status)
        self._commanding.look(facts)
        facts = self._facts(follow_status)
        self._end_way_back(facts)
        self._enter(phase_of(facts))
        self._pointer.project(self._wants().pointer)
        self._alerts.look(facts, follow_status)
        self._outside.tell(self._news.take_untold())
        if time.monotonic() >= self._tell_at or self._told_revision != self._kept.existing.revision:
            # An operator who asks names the revision that the status has.
            self._tell_at, self._told_revision = time.monotonic() + _TELL_SECONDS, self._kept.existing.revision
            self._kept.store.write_status(status_as_json(self.status(facts, follow_status)))

    def _open_what_is_missing(self) -> None:
        record = self._kept.existing
        if record.stage is Stage.FINISHED and self.is_over:
            self._watching.look()
        if record.stage.is_over:
            return
        if not record.is_prechecked:
            if self._preflight.step():
                self._kept.change(is_prechecked=True)
            return
        if self._parts.follow.run is None:
            self._parts.open_follow(record, stands_by=False)
        if record.is_copied:
            self._parts.start_beside(record)

    def _write_down(self, status: FollowStatus | None) -> None:
        """What the follow has come to, that whoever comes next must know."""
        run, record = self._parts.follow.run, self._kept.existing
        if run is None or status is None or record.stage.is_over:
            return
        state = run.record.state
        changes: dict[str, object] = {}
        if status.databases and status.databases != record.databases:
            changes["databases"] = status.databases
        if state.is_copied and not record.is_copied:
            changes["is_copied"] = True
        if self._parts.follow.is_leading and not record.has_led:
            changes["has_led"] = True
        if status.not_in_sync is None and self._parts.follow.is_leading and not record.is_armed:
            changes["is_armed"] = True
        if changes:
            self._kept.change(**changes)

    def _wants(self) -> Wants:
        record = self._kept.existing
        return wants_of(record.stage, record.command, is_armed=record.is_armed)

    def _want(self, wants: Wants) -> None:
        record, follow = self._kept.existing, self._parts.follow
        now = settings_at(record.settings, time.time())
        follow.want(wants.authority, is_two_way=record.is_armed, targets_serve=wants.targets_serve)
        for name in SettingName:
            follow.set(name, now[name.value])
        is_paused = now[SettingName.PAUSED.value].value > 0
        run = follow.run
        if self._parts.sidekiq is not None:
            # In a gap nobody knows whether what a job needs is on the other side yet.
            has_gap = run is not None and run.has_gap
            moving = MovingWants(wants.mover, is_paused or has_gap, now[JOBS_A_SECOND].value, self._parts.era)
            self._parts.sidekiq.wants = SidekiqWants(moving, wants.gate, self._steps.proof)
        if self._parts.evidence is not None:
            leaving = leaving_of(record.stage)
            self._parts.evidence.wants = EvidenceWants(leaving, record.is_armed and follow.is_leading, follow.foreign_events(leaving))

    def _facts(self, follow_status: FollowStatus | None) -> Facts:
        parts, record = self._parts, self._kept.existing
        return gathered(
            self._request,
            record,
            leads=record.stage.is_over or not record.is_prechecked or parts.follow.is_leading or not record.has_led,
            refusals=self._preflight.refusals,
            follow=parts.follow,
            follow_status=follow_status,
            sidekiq=parts.sidekiq,
            evidence=parts.evidence.shown if parts.evidence is not None else None,
            problem=parts.evidence.shown.problem if parts.evidence is not None else None,
        )

    def _end_way_back(self, facts: Facts) -> None:
        """Nobody and nothing is left on the new side: the run is where it was before go."""
        record = self._kept.existing
        if record.stage is not Stage.BACK or record.command is not None or record.unfinished is not None or not is_back_over(facts):
            return
        now = time.time()
        over = StoredStep(
            wish=Wish.BACK,
            step=StepName.VERIFY,
            who="the run",
            engine=self._kept.engine,
            intent_at=now,
            outcome=StepOutcome.DONE,
            outcome_at=now,
        )
        self._kept.change(stage=Stage.OLD, stage_at=now, history=record.with_history((over,)))
        self._news.tell(EventKind.STEP, "back: nobody and nothing is left on the new side")

    def _enter(self, phase: Phase) -> None:
        record = self._kept.existing
        if phase is not self.phase:
            self.phase, self._phase_since = phase, time.time()
            self._news.phase = phase
            self._news.tell(EventKind.PHASE, phase.value)
        if phase not in record.reached:
            self._kept.change(reached={**record.reached, phase: time.time()})

    def _veto(self, asked: Asked) -> str | None:
        follow = self._parts.follow

        def meanwhile() -> None:
            if follow.run is not None:
                self._news.take_follow(follow.step(0.0))

        return self._outside.veto({"schema": "uplift.split.event/1", "kind": "go asked", "run": asked.run, "who": asked.who}, meanwhile)

    def _write_report(self) -> None:
        self._kept.store.write_report(status_as_json(self.status(self._facts(None), None)))

    def told(self) -> SplitStatus:
        """As it is now."""
        follow_status = self._parts.follow.status()
        return self.status(self._facts(follow_status), follow_status)

    def status(self, facts: Facts, follow_status: FollowStatus | None) -> SplitStatus:
        """As it is now."""
        parts = self._parts
        told = Told(
            self._kept.engine,
            self.phase,
            self._phase_since,
            self._is_resumed,
            facts.problem,
            self._preflight.checks,
            self._beats.alive(),
            dict(self._watching.counts),
            self._outside.failures,
        )
        moving, cron = parts.sidekiq.shown if parts.sidekiq is not None else (None, None)
        evidence = parts.evidence.shown if parts.evidence is not None else None
        return status_of(told, self._kept.existing, facts, follow=follow_status, moving=moving, cron=cron, evidence=evidence)
