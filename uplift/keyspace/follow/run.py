"""A follow from its first look to its end: `step` does one bounded piece of work and says what happened.

Subscribe on the source, copy, subscribe on the targets, apply, compare everything: in sync. It knows no signals, no terminal and no loop,
so a process, a container and a test drive the same object.
"""

from __future__ import annotations

import time
from pathlib import Path

from uplift.errors import BadInput, NotSafe
from uplift.keyspace.follow.decision import Policy
from uplift.keyspace.follow.ending import Removal, end_follow
from uplift.keyspace.follow.follow_seed import FollowSeed
from uplift.keyspace.follow.followed_names import OnHandedOver
from uplift.keyspace.follow.following import Following
from uplift.keyspace.follow.granting import grant
from uplift.keyspace.follow.interruptions import Fenced
from uplift.keyspace.follow.key_state import Side
from uplift.keyspace.follow.live_settings import SettingName, range_of
from uplift.keyspace.follow.opening import Opening
from uplift.keyspace.follow.phase import Phase
from uplift.keyspace.follow.record import Record
from uplift.keyspace.follow.requests import Answer, RequestBox
from uplift.keyspace.follow.round import StopPoint
from uplift.keyspace.follow.run_events import EventKind, EventLog
from uplift.keyspace.follow.run_status import Rates, standby_status, status_of
from uplift.keyspace.follow.run_step import Outcome, RunStep
from uplift.keyspace.follow.starting import FollowRequest
from uplift.keyspace.follow.status import Status
from uplift.keyspace.follow.throttle import Throttle
from uplift.keyspace.follow.totals import Step
from uplift.keyspace.follow.watch import Watch
from uplift.keyspace.follow.wishes import Situation, why_not

_LOOK_SECONDS = 0.2
_WRITE_SECONDS = 1.0


class FollowRun:
    """Holds its state directory from the moment it is made until it is closed."""

    def __init__(
        self,
        request: FollowRequest,
        path: Path,
        *,
        seed: FollowSeed | None = None,
        copy_path: Path | None = None,
        on_handed_over: OnHandedOver | None = None,
        stop_point: StopPoint = lambda _name: None,
    ) -> None:
        """`seed`: the run it belongs to, where that began in another directory; `copy_path`: where all its directories keep how far the
        copy is. `on_handed_over`: told of every name of the source that an event or a pass shows and whose rule is handover.

        Raises BadInput for a directory that is in use, or of another follow or run.
        """
        self.record = Record(request, path, seed)
        if copy_path is not None:
            self.record.folder.copy_path = copy_path
        self.outcome: Outcome | None = None
        self.following: Following | None = None
        self._request = request
        self._log = EventLog()
        self._watch = Watch(self.record, self._log)
        self._rates = Rates()
        self._requests = RequestBox(self.record.folder, self.record.engine)
        self._opening = Opening(request, self.record, self._log, self._watch, stop_point, on_handed_over)
        self._throttle: Throttle | None = None
        self._targets_serve: bool | None = None
        self._takeovers = 0
        self._is_closed = False
        self._look_at = self._write_at = 0.0
        self._written_revision = -1

    def step(self, wait_seconds: float = 0.1) -> RunStep:
        """One bounded piece of work; where there is none, once there is some or `wait_seconds` are over.

        Raises the errors of uplift/errors.py where the run cannot go on: it is to be closed then, and may be begun again.
        """
        if self.outcome is None:
            self._step(wait_seconds)
        now = time.monotonic()
        if now >= self._look_at or self.outcome is not None:
            self._look_at = now + _LOOK_SECONDS
            self._look()
        if now >= self._write_at or self.outcome is not None or self.record.state.revision != self._written_revision:
            self._write_at = now + _WRITE_SECONDS
            self._write()
        return RunStep(self._log.take(), self._watch.phase, self._watch.is_in_sync, self.outcome)

    def status(self) -> Status:
        """As it is now."""
        return status_of(self._watch.told(), self.record.state, self.record.named, self._rates, self._opening.copy, self.following)

    @property
    def is_in_sync(self) -> bool:
        """Whether that was earned, and not lost since, as of the latest look."""
        return self._watch.is_in_sync

    @property
    def named_keys(self) -> int:
        """How many keys are named, those of earlier engines of the directory included."""
        return self.record.named.count

    @property
    def is_leading(self) -> bool:
        """Whether this engine holds the lease of every database, as far as it knows."""
        return self.outcome is None and self.following is not None and self.following.is_leading

    @property
    def has_gap(self) -> bool:
        """Whether events may have been missed on a server, and no pass has compared every key since; so before it follows."""
        return self.following is None or self.following.has_gap

    @property
    def settled_before(self) -> float | None:
        """A moment (monotonic seconds): what anybody had written to any followed server before it, and was told of by an event, has been
        brought over, or is named. None where that is not known: while this engine does not lead, is paused, or `has_gap`.
        """
        if self.following is None or not self.is_leading or self.record.state.settings[SettingName.PAUSED].value > 0:
            return None
        return self.following.settled_before

    def lease_epoch(self, database: int) -> int | None:
        """The epoch of this engine's lease of a database; None where it has none."""
        if self.following is None or self.outcome is not None:
            return None
        return next((one.epoch for one in self.following.databases if one.number == database and one.is_leading), None)

    def set_policy(self, is_two_way: bool, authority: Side) -> None:
        """From now on, and for whoever goes on with it: whether it goes both ways, and which side decides where nothing else can. It is
        written down first. Raises NotSafe where another engine leads, NotWritten.
        """
        self._refuse_standing_by("set its policy")
        policy = Policy(is_two_way, authority)
        # On the disk first: an engine that begins again must not go one way over what applications write to a target.
        self.record.take_policy(policy)
        if self.following is not None:
            self.following.set_policy(policy)

    def set(self, name: SettingName, value: float, seconds: float | None = None) -> None:
        """Another value, for good or for `seconds`. Raises BadInput where it is out of range, NotWritten."""
        if not range_of(name).holds(value) or (seconds is not None and not seconds > 0):
            raise BadInput(f"{name.value}={value:g} for {seconds} s: allowed: {range_of(name).allowed}, for more than no time")
        self.record.set(name, value, seconds)

    def hand_over(self) -> None:
        """Let an engine that stands by take over; this one is silent, and goes on where none does. Raises NotSafe where it leads none."""
        if self.following is None or not self.is_leading:
            raise NotSafe("this engine leads no follow: nothing was changed; ask the one that holds the lease")
        self.following.hand_over()

    def end(self) -> Removal:
        """End the run for good: no engine goes on with it, so its own keys go from the servers; what could not be removed is said.

        Raises NotSafe where another engine leads, NotWritten.
        """
        self._refuse_standing_by("end it")
        self._end(Outcome.STOPPED)
        self._close_connections()
        request, state = self._request, self.record.state
        removal = end_follow(request.source, request.targets, sorted(state.databases), state.run, self.record.folder.copy_path)
        state.was_ended = True
        self.record.decide()
        return removal

    @property
    def is_two_way(self) -> bool:
        """Whether what applications write to a target is brought to the source."""
        return self.record.state.is_two_way

    @property
    def targets_serve(self) -> bool:
        """Whether applications use the targets, so that nothing may slow them down; unless somebody says so, once it goes both ways."""
        return self.record.state.is_two_way if self._targets_serve is None else self._targets_serve

    @targets_serve.setter
    def targets_serve(self, do: bool) -> None:
        self._targets_serve = do

    @property
    def _stands_by(self) -> bool:
        return self.following.stands_by if self.following is not None else self._request.stands_by

    def _refuse_standing_by(self, what: str) -> None:
        if self._stands_by:
            raise NotSafe(f"this engine stands by, so it does not {what}: nothing was changed; ask the one that holds the lease")

    def _step(self, wait_seconds: float) -> None:
        if self.following is not None:
            self._follow(self.following, wait_seconds)
            return
        if self._opening.opened is None:
            # The first status says so before a server that does not answer is waited for.
            self._write()
        self.following = self._opening.step(wait_seconds)
        if self.following is not None:
            self._begin_to_follow(self.following)

    def _begin_to_follow(self, following: Following) -> None:
        self._throttle = Throttle(following) if self._request.measures_latency else None
        if self._request.stands_by:
            self.record.decide()
        else:
            self.record.leads()

    def _follow(self, following: Following, wait_seconds: float) -> None:
        if following.is_handing_over:
            self._wait_for_other(following, wait_seconds)
            return
        try:
            steps = following.step(wait_seconds)
        except Fenced as fenced:
            self._log.tell(EventKind.FENCED, f"{fenced}: this one writes no more; begin it again with --standby to stand by")
            self._end(Outcome.FENCED)
            return
        for _, step in steps:
            self._take_named(following, step)

    def _take_named(self, following: Following, step: Step) -> None:
        for key, reason in (*step.named, *following.names.take_met()):
            label = self.record.named.name(key, reason)
            if label is not None:
                self._log.tell(EventKind.NAMED, f"{label}: {reason}")

    def _wait_for_other(self, following: Following, wait_seconds: float) -> None:
        handed = following.step_of_hand_over(wait_seconds)
        if handed is None:
            return
        if handed.by is None:
            self._log.tell(EventKind.WARNING, "no engine took over: this one goes on")
            return
        self._log.tell(EventKind.FENCED, f"{handed.by} took over")
        self._end(Outcome.HANDED_OVER)

    def _look(self) -> None:
        self._answer_requests()
        following = self.following
        if following is None or self.outcome is not None:
            return
        self._look_at_takeover(following)
        settings = self.record.settings()
        following.look(settings, self._targets_serve)
        if self._throttle is not None:
            on_targets = settings[SettingName.TARGET_LATENCY].value / 1000 if self.targets_serve else None
            self._throttle.look(following, settings[SettingName.SOURCE_LATENCY].value / 1000, on_targets)
            self._watch.throttled = self._throttle.status()
        if not self._request.databases:
            self._watch.look_at_databases(following)
        self._watch.look(following)
        if self._watch.is_in_sync and self._request.is_two_way and not self.record.state.is_two_way:
            self.set_policy(True, self.record.state.authority_side)
            self._log.tell(EventKind.TWO_WAY, "armed: what applications write to a target now comes to the source")

    def _look_at_takeover(self, following: Following) -> None:
        takeovers = sum(database.member.takeovers for database in following.databases)
        if takeovers != self._takeovers:
            self._takeovers = takeovers
            self.record.state.is_copied = True
            self.record.leads()
            self._log.tell(EventKind.TOOK_OVER, f"the lease is {following.databases[0].lease}")
        if following.stands_by:
            self.record.take_policy(following.policy)

    def _write(self) -> None:
        if self.following is not None:
            self._rates.look(self.following)
        if self._opening.opened is not None:
            self.record.save(self.following)
        self._requests.forget_old()
        # Whoever asks for something names the revision that is in the file.
        is_news = self._written_revision != self.record.state.revision
        self._written_revision = self.record.state.revision
        self.record.write_status(self.status(), at_once=is_news or self.outcome is not None)

    def _answer_requests(self) -> None:
        while (taken := self._requests.take()) is not None:
            number, request = taken
            situation = Situation(
                self.record.state.revision,
                self._watch.phase,
                self._stands_by,
                standby_status(self.following),
            )
            reason = why_not(request, situation)
            answer = Answer(True, grant(self, request)) if reason is None else Answer(False, reason)
            self._log.tell(EventKind.ASKED, f"{request.wish.value}: {answer.text}")
            self.record.write_status(self.status(), at_once=True)
            self._requests.answer(number, answer)

    def stop(self) -> str:
        """End this engine, and the run where it leads; what was done, in one line. Raises NotWritten."""
        if not self._stands_by:
            return self.end().text
        self._end(Outcome.STOPPED)
        self._close_connections()
        return "this engine stood by, and ends; the one that holds the lease goes on"

    def _end(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self._watch.enter(Phase.ENDED, outcome.value)

    def _close_connections(self) -> None:
        """The copy first: it ends at its next commit."""
        self._opening.stop_copy()
        following, throttle = self.following, self._throttle
        self.following = self._throttle = None
        if throttle is not None:
            throttle.close()
        if following is not None:
            self.record.save(following, is_last=True)
            following.close()
        self._opening.close()

    def close(self) -> None:
        """Write everything down and let go of servers and directory; leases stay. Safe to call twice. Raises NotWritten."""
        if self._is_closed:
            return
        self._is_closed = True
        try:
            if self.outcome is None:
                self._watch.enter(Phase.ENDED, "this process ended")
            self.record.write_status(self.status(), at_once=True)
            self._close_connections()
        finally:
            self.record.close()
