"""The parts of one engine: opened when they are needed, and closed when another engine has the run."""

from __future__ import annotations

import threading
from collections.abc import Callable

from uplift.keyspace.follow.run import FollowRun
from uplift.keyspace.keymap.routing import build_router
from uplift.sidekiq.handover.handover import Handover
from uplift.sidekiq.handover.wishes import Wishes
from uplift.sidekiq.keys.key_map_rules import of_sidekiq_by
from uplift.sidekiq.keys.remembered_names import RememberedNames
from uplift.sidekiq.keys.survey import OfSidekiq
from uplift.sidekiq.mover.mover import MoverServers
from uplift.split.evidence.canaries import Canaries, CanaryPlace, with_canary_rules
from uplift.split.record.split_record import SplitRecord
from uplift.split.run.evidence_part import EvidencePart
from uplift.split.run.follow_part import FollowPart, FollowPlace
from uplift.split.run.moving_jobs import MovingJobs
from uplift.split.run.request import SplitRequest
from uplift.split.run.sidekiq_part import SidekiqPart
from uplift.split.run.sidekiq_sides import SidekiqSides
from uplift.split.run.turning_cron import TurningCron


class EngineParts:
    """`sidekiq` and `evidence` are there while this engine leads; `era` is its lease's epoch then."""

    def __init__(self, request: SplitRequest, place: FollowPlace) -> None:
        self._request = request
        keymap = request.keymap
        self._followed_keymap = with_canary_rules(keymap)
        self._is_of_sidekiq: OfSidekiq = of_sidekiq_by(build_router(keymap, tuple(keymap.destinations)))
        self.follow = FollowPart(request, self._followed_keymap, place, self._saw_handed_over)
        self._names = RememberedNames(self._is_of_sidekiq)
        self.sidekiq: SidekiqPart | None = None
        self.evidence: EvidencePart | None = None
        self.era: int | None = None
        self._settled_before: float | None = None
        self._moment = threading.Event()

    def _saw_handed_over(self, database: int, name: bytes) -> None:
        """Told by the follow, once an event: it is quick."""
        if database == self._request.database:
            self._names.saw(name)

    def open_follow(self, record: SplitRecord, *, stands_by: bool) -> None:
        """As FollowPart.open; the follow of before is closed."""
        self.follow.close()
        self.follow.open(record, stands_by=stands_by)

    def start_beside(self, record: SplitRecord) -> None:
        """Begin to look at the servers, and to be ready for jobs and cron. Safe to call twice."""
        if self.evidence is None:
            self.evidence = EvidencePart(self._request, Canaries(self._canary_places(record)))
            self.evidence.start()
        if self.sidekiq is None:
            sides = self.sides(record)
            self.sidekiq = SidekiqPart(
                sides, MovingJobs(sides, self._open_handover(sides)), TurningCron(sides, self._era, self._request.cron_clock)
            )
            self.sidekiq.start()

    def remove_canaries(self, record: SplitRecord) -> None:
        """From both sides, whichever engine wrote them; what cannot be reached expires within minutes."""
        if self.evidence is not None:
            self.evidence.close()
            self.evidence = None
        Canaries(self._canary_places(record)).close()

    def _canary_places(self, record: SplitRecord) -> list[CanaryPlace]:
        database = record.databases[0] if record.databases else 0
        request = self._request
        return [
            CanaryPlace(target.name, request.source, target.endpoint, database if target.database is None else target.database)
            for target in request.followed
        ]

    def sides(self, record: SplitRecord) -> SidekiqSides:
        """Where Sidekiq is."""
        request = self._request
        return SidekiqSides(
            request.source,
            request.sidekiq.endpoint,
            record.database,
            record.run,
            self._is_of_sidekiq,
            request.waits_for_replicas,
            request.scheduler_prefix.encode(),
            request.patience,
            request.cron_late_seconds,
        )

    def _open_handover(self, sides: SidekiqSides) -> Callable[[MoverServers, bool, Wishes], Handover]:
        def open_handover(servers: MoverServers, is_back: bool, wishes: Wishes) -> Handover:
            run, sibling = (sides.back, sides.forward) if is_back else (sides.forward, sides.back)
            return Handover(
                servers,
                run,
                wishes,
                is_of_sidekiq=sides.is_of_sidekiq,
                # Of the new side, which has no other keys, a SCAN tells as well.
                names=None if is_back else self._names,
                names_on_target=self._names if is_back else None,
                patience=sides.patience,
                may_apply=self._may_apply,
                era=self._era,
                siblings=frozenset({sibling}),
            )

        return open_handover

    def _may_apply(self, taken_at: float) -> bool:
        """Asked by the thread of the mover; written by the one that follows."""
        settled = self._settled_before
        return settled is not None and settled > taken_at

    def _era(self) -> int | None:
        """The lease's epoch: whoever has a later one has taken over, and this engine's movers and gate take nothing any more. Asked by
        their thread.
        """
        return self.era

    def look_at_fence(self) -> None:
        """To be called after each step of the follow."""
        run = self.follow.run
        self._settled_before = run.settled_before if run is not None else None
        self.era = self._lease_epoch(run) if run is not None else None
        if run is not None and run.has_gap:
            # Names may have gone by unseen.
            self._names.scan_next()

    def _lease_epoch(self, run: FollowRun) -> int | None:
        """Of the database that Sidekiq uses; where that one is not followed, of the first."""
        databases = sorted(run.record.state.databases)
        wanted = self._request.database if self._request.database in databases or not databases else databases[0]
        return run.lease_epoch(wanted)

    @property
    def is_warm(self) -> bool:
        """Whether this engine, which stands by, could take over without a gap."""
        run = self.follow.run
        if run is None or run.following is None:
            return False
        standing = [database.member.standby for database in run.following.databases]
        return all(one is not None and one.is_warm for one in standing)

    @property
    def has_warm_standby(self) -> bool:
        """Whether another engine could take over without a gap."""
        status = self.follow.status()
        return status is not None and status.standby.warm > 0

    def wait(self, seconds: float) -> None:
        """Where there is nothing to listen to."""
        self._moment.wait(seconds)

    def raise_failure(self) -> None:
        """Raises what ended a thread."""
        for part in (self.sidekiq, self.evidence):
            if part is not None:
                part.raise_failure()

    def rest(self) -> None:
        """Another engine has the run, or it is over: nothing is written any more. Raises NotWritten."""
        self._settled_before = self.era = None
        for part in (self.sidekiq, self.evidence):
            if part is not None:
                part.close()
        self.sidekiq = self.evidence = None
        self.follow.close()

    def close(self) -> None:
        """As `rest`."""
        self.rest()
