"""The engine of one database: `step` does one bounded round and says what happened."""

from __future__ import annotations

import time
from functools import partial

from uplift.keyspace.follow.big_key_steps import BigKeySteps
from uplift.keyspace.follow.big_keys import BigKeys
from uplift.keyspace.follow.decision import Policy
from uplift.keyspace.follow.dirty_keys import DirtyKeys
from uplift.keyspace.follow.event_classes import SECONDS_BETWEEN_PROBES
from uplift.keyspace.follow.findings import Findings
from uplift.keyspace.follow.foreign_writers import ForeignWriters
from uplift.keyspace.follow.gaps import ResetKind
from uplift.keyspace.follow.interruptions import Abandoned, Fenced
from uplift.keyspace.follow.judgement import Judgement, read_page
from uplift.keyspace.follow.judging import Judge
from uplift.keyspace.follow.key_state import Side
from uplift.keyspace.follow.lease import Lease, forget_flush, is_fenced_by
from uplift.keyspace.follow.leases import ask, raise_leases
from uplift.keyspace.follow.message_wait import wait_for_messages
from uplift.keyspace.follow.pace import PACES, STILL
from uplift.keyspace.follow.pages import Page
from uplift.keyspace.follow.proofs import check_proofs
from uplift.keyspace.follow.reading import ReadForm
from uplift.keyspace.follow.reconciling_pass import ReconcilingPass
from uplift.keyspace.follow.round import Round, StopPoint
from uplift.keyspace.follow.round_plan import RoundPlan
from uplift.keyspace.follow.settled import Settled
from uplift.keyspace.follow.standby import Inherited
from uplift.keyspace.follow.streams import Streams
from uplift.keyspace.follow.told import BaseUpdate, Told, ToldGaps
from uplift.keyspace.follow.totals import Step
from uplift.keyspace.follow.written import WrittenChanges
from uplift.keyspace.keymap.routing import Router, Rule
from uplift.keyspace.server.page_reader import ReadLimits

_HEARTBEAT_SECONDS = 0.1
"""A marker is published so often where there is nothing to do: a standby waits ten times as long before it takes over."""
_AFTER_ABANDONED_SECONDS = 0.01
_ROUNDS_LEFT_OUT = 10
"""By an engine that takes over: what the other one did last is surely in earlier rounds."""


class Engine:
    """Holds the lease and keeps one source and its targets equal. `is_paused`: it listens and keeps the lease, and compares nothing.
    `targets_serve`: whether applications use the targets; None: as soon as it goes both ways.
    """

    def __init__(
        self,
        streams: Streams,
        router: Router,
        lease: Lease,
        policy: Policy,
        *,
        limits: ReadLimits | None = None,
        stop_point: StopPoint = lambda _name: None,
    ) -> None:
        self.streams, self.lease, self.policy, self.pace = streams, lease, policy, PACES[0]
        self.source, self.targets, self.servers, self.pasts = streams.source, streams.targets, streams.servers, streams.pasts
        self.findings = Findings()
        self.totals = self.findings.totals
        self.foreign = [ForeignWriters(target.events.changed_by_somebody) for target in streams.targets]
        self.round = max(server.events.round for server in self.servers)
        self.is_paused = False
        self.targets_serve: bool | None = None
        self.big = BigKeys(lease.owner, limits or ReadLimits())
        self.dirty = DirtyKeys(streams, self.big)
        self.settled = Settled(streams, self.dirty)
        self._big_steps = BigKeySteps(streams, self.big)
        self._written = WrittenChanges(streams, self.dirty, self.big, self.totals)
        self.passes = ReconcilingPass(self.source, self.targets, router)
        self._round_plan = RoundPlan(streams, self.dirty, self.passes)
        self._limits, self._stop_point = limits or ReadLimits(), stop_point
        self._dirty_since: float | None = None
        self._round_at = 0.0
        self._has_standby = False
        self._probed_at = 0.0

    def inherit(self, inherited: Inherited, least_round: int = 0) -> None:
        """Go on in another's place: its rounds are below this engine's, and the lease was on every server."""
        self.policy, self.passes.count = inherited.policy, inherited.passes
        self.round = max(least_round, *(server.events.round for server in self.servers)) + _ROUNDS_LEFT_OUT
        for server in self.servers:
            server.must_raise, server.had_lease = True, True
        self.passes.is_wanted = True

    def step(self, wait_seconds: float = _HEARTBEAT_SECONDS) -> Step:
        """One round; where nothing is dirty, once something is or `wait_seconds` are over. Raises Fenced."""
        if (problem := self._make_ready()) is not None:
            self.drain()
            time.sleep(0.02)
            return Step(problem=problem)
        self._wait_for_work(wait_seconds)
        try:
            if any(server.must_raise for server in self.servers):
                self.raise_leases()
            if self.passes.is_time_for_another():
                self.begin_pass()
            return self._run_round()
        except Abandoned as why:
            self.totals.abandoned += 1
            # What broke it off will mostly still be so: not at full speed.
            time.sleep(_AFTER_ABANDONED_SECONDS)
            return Step(problem=str(why))

    def _make_ready(self) -> str | None:
        for server in self.servers:
            self.dirty.read_both_sides(server.make_ready())
        return next((server.problem or "not ready" for server in self.servers if not server.is_ready), None)

    def _wait_for_work(self, wait_seconds: float) -> None:
        if (early := self._round_at + self.pace.pause_seconds - time.monotonic()) > 0:
            time.sleep(early)
        self.drain()
        if not self.has_work:
            self.drain(wait_seconds if self._stands_still else min(wait_seconds, self.passes.seconds_until_due()))

    @property
    def has_work(self) -> bool:
        """Whether a key is dirty, or a pass is to go on."""
        if self._stands_still:
            return False
        return self.passes.is_due() or self.big.is_due() or self.dirty.has_any()

    @property
    def _stands_still(self) -> bool:
        """Whether rounds have markers and no keys: as asked, or since events of a class are off, which only a probe can find to be over."""
        return self.is_paused or self.pace is STILL or any(server.events.silent_classes for server in self.servers)

    def drain(self, wait_seconds: float = 0.0) -> None:
        """Take what every side told, as Streams.drain. Raises Fenced where another engine raised the lease."""
        self.streams.drain(wait_seconds)
        self.streams.forget_markers()
        raised = self.streams.raised
        while raised:
            _, taken = raised.popleft()
            if is_fenced_by(self.lease, taken.owner):
                raise Fenced(taken.owner)
        if self._dirty_since is None and self.dirty.has_any():
            self._dirty_since = time.monotonic()

    def raise_leases(self) -> None:
        """Take the lease on every server, with an epoch that nobody had: what was sent before under another is fenced.

        Raises Fenced, or Abandoned where a server cannot be asked, or does not tell of it.
        """
        self.lease, flushed = raise_leases(self.servers, self.lease)
        for server in flushed:
            # Keys vanished there without events.
            server.take_reset(ResetKind.FLUSH)
            self.begin_pass()
        self._stop_point("leases raised")
        # What another lease did is over once this one's was told by every server: all of its ends are before that.
        taken = self.lease.text
        wait_for_messages(lambda: [server for server in self.servers if server.events.raised_last != taken], self.drain, "raised lease")

    def _run_round(self) -> Step:
        self._look_for_foreign_writers()
        self.round += 1
        began, self._round_at = self._dirty_since, time.monotonic()
        most_keys = 0 if self._stands_still else self.pace.most_keys
        pages, rules = self._round_plan.next_pages(most_keys, two_way=self.policy.two_way)
        self._dirty_since = None
        base_updates = self.findings.take_base_updates() if self._has_standby else []
        round_ = self._new_round(pages, rules, self._told(base_updates))
        try:
            written = self._carry_out(round_)
        except Abandoned as why:
            round_.give_up(str(why))
            self._dirty_since = began
            # Perhaps nobody was told: a standby takes it twice as well, since rounds say which is the latest.
            self.findings.base_updates[:0] = base_updates
            self._keep_dirty(round_)
            raise
        self.totals.rounds += 1
        if (of_big := self._big_steps.go_on(self.round, self.lease, self.policy, collects_base_updates=self._has_standby)) is not None:
            self.findings.take(of_big)
        self._end_pass()
        self.settled.end_round(self.round, self._round_at)
        read = sum(page.most_keys for page in pages)
        return Step(read, written, *self.findings.take_keys(), None, time.monotonic() - began if began is not None else None)

    def _new_round(self, pages: list[Page], rules: dict[bytes, Rule], told: bytes) -> Round:
        return Round(
            self.round,
            self.lease,
            pages,
            self.source,
            self.targets,
            rules,
            told,
            self._limits,
            self.drain,
            self.streams.has_ended,
            self._stop_point,
        )

    def _carry_out(self, round_: Round) -> int:
        """Read, decide and write; how many changes were sent. Raises Abandoned, or Fenced."""
        sent = 0
        for page in round_.pages_as_read():
            self._check(round_, page)
            changes = self._judge(round_, page).changes
            sent += self._written.note_sent(round_, page, changes)
            round_.write(page, changes)
        if time.monotonic() - self._probed_at > SECONDS_BETWEEN_PROBES:
            self._probed_at = time.monotonic()
            round_.probe_classes()
        round_.finish()
        for page in round_.pages:
            self._check(round_, page)
        self._written.take_answers(round_)
        if self.big.under_way is None:
            self.pasts.unanswered.end_round()
        return sent

    def _keep_dirty(self, round_: Round) -> None:
        """What the round read or wrote is not known to be equal: its keys stay dirty."""
        self._written.remember_unanswered(round_)
        for page in round_.pages:
            if page.form is ReadForm.TOKEN:
                # The pass does not come to them again.
                self.dirty.read_both_sides(page.both_sides)
                self.passes.pending.update(page.both_sides)

    def _look_for_foreign_writers(self) -> None:
        """While targets do not serve yet, nobody but this engine has a reason to write to one."""
        do_targets_serve = self.policy.two_way if self.targets_serve is None else self.targets_serve
        for target, writers in zip(self.targets, self.foreign, strict=True):
            new = writers.new_events(target.events.changed_by_somebody)
            if do_targets_serve:
                writers.forget()
            else:
                ask(target, partial(writers.take, new))

    def _check(self, round_: Round, page: Page) -> None:
        """Whose marker came with its proof is whole up to it: that ends a gap, before anything of this round is decided."""
        for server in check_proofs(round_, page, self.lease):
            if server.last_whole_round == round_.number:
                if server.gaps.opened is not None:
                    raise Abandoned(f"{server.name}: events may have been missed within this round")
                continue
            if server.gaps.opened is None:
                self.pasts.unanswered.forget_of(self.streams.place_of(server), self.dirty)
            else:
                self.passes.is_wanted = True
            server.take_whole_round(round_.number)
        if (heard := round_.read_replies.get((page.number, Side.SOURCE))) is not None:
            # One of the subscriptions is this engine's.
            self._has_standby = heard.listeners > 1

    def _judge(self, round_: Round, page: Page) -> Judgement:
        """What a page comes to."""
        if not page.most_keys:
            return Judgement()
        judge = Judge((self.source, self.targets[page.target]), self.pasts, self.policy, collects_base_updates=self._has_standby)
        read = read_page(round_, page)
        if page.form is ReadForm.TOKEN:
            judgement = judge.compare_tokens(read, round_.rules)
            self.passes.take(judgement, time.monotonic() - self._round_at)
        else:
            judgement = judge.judge(read, round_.rules)
            self.passes.unexplained += len(judgement.unexplained)
        self._take_judgement(page, judgement)
        self._stop_point("decided")
        return judgement

    def _end_pass(self) -> None:
        whole = self.passes.end_if_done(self.dirty, self.round, self.streams.oldest_round)
        if whole is None:
            return
        self.pasts.complete_since = whole.first_round
        self.pasts.base.is_complete = whole.dropped == self.pasts.base.dropped
        self.pasts.unanswered.forget_earlier()
        for server in self.servers:
            server.gaps.forget_before(whole.first_round)
            if server.is_marked_flushed and not server.gaps.has_flush:
                ask(server, partial(forget_flush, lease=self.lease))
                server.is_marked_flushed = False

    def begin_pass(self) -> None:
        """Compare every key, from the first one on."""
        self.passes.begin(self.round + 1, self.pasts.base.dropped)
        self.totals.begin_pass()
        self.passes.is_proof = not all(server.gaps.are_over for server in self.servers)

    def _told(self, base_updates: list[BaseUpdate]) -> bytes:
        """What a standby must know, where one listens."""
        if not self._has_standby:
            return b""
        gaps = tuple(ToldGaps.of(server.gaps) for server in self.servers)
        return Told(self.streams.oldest_round, self.policy, self.passes.count, self.pasts.complete_since, gaps).text(base_updates)

    def _take_judgement(self, page: Page, judgement: Judgement) -> None:
        for key in page.both_sides:
            self.dirty.is_decided(key)
        self.dirty.read_both_sides(judgement.need_both_sides)
        for key in judgement.big:
            self.big.add(key)
        self.streams.pending_lives.update(judgement.pending_lives)
        self.findings.take(judgement)

    def give_up(self) -> None:
        """Write no more; the streams go on."""
        self.passes.close()
        self.big.close()
        for server in self.servers:
            # An answer may still be to come.
            server.stop_asking("another engine writes")

    def close(self) -> None:
        """Close every connection; the lease stays."""
        self.streams.close()
        self.passes.close()
        self.big.close()
