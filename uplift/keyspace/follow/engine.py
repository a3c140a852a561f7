"""The engine of one database: `step` does one bounded round and says what happened."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import TypeVar

from uplift.errors import SourceUnreachable
from uplift.keyspace.follow.applying import Answer, Applied, Change
from uplift.keyspace.follow.decision import Policy
from uplift.keyspace.follow.followed_server import FollowedServer
from uplift.keyspace.follow.gaps import ResetKind
from uplift.keyspace.follow.judging import Judge, Judgement, Read
from uplift.keyspace.follow.key_state import Side
from uplift.keyspace.follow.lease import Lease, epoch_of, held_epoch, raise_lease
from uplift.keyspace.follow.own_names import CANARY, CANARY_TTL_MILLISECONDS
from uplift.keyspace.follow.pages import Dirty, Page, pages_of, token_pages
from uplift.keyspace.follow.pasts import Sent
from uplift.keyspace.follow.reading import ReadForm
from uplift.keyspace.follow.reconciling_pass import ReconcilingPass
from uplift.keyspace.follow.round import Abandoned, Round, StopPoint, wait_for_any
from uplift.keyspace.follow.standby import Inherited
from uplift.keyspace.follow.streams import Streams
from uplift.keyspace.follow.told import Kept, Told, ToldGaps
from uplift.keyspace.keymap.routing import Router, Rule
from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.page_reader import ReadLimits
from uplift.keyspace.server.replies import ErrorReply

_MOST_KEYS = 400
_HEARTBEAT_SECONDS = 0.1
"""A marker is published so often where there is nothing to do: a standby waits ten times as long before it takes over."""
_BETWEEN_ROUNDS_SECONDS = 0.001
_ROUNDS_LEFT_OUT = 10
"""By an engine that takes over: what the other one did last is surely in earlier rounds."""


Answered = TypeVar("Answered")


def _set_canary(connection: Connection) -> None:
    connection.call("SET", CANARY, "", "PX", CANARY_TTL_MILLISECONDS, "NX")


class Fenced(Exception):
    """Another engine holds the lease. `by` is its text."""

    def __init__(self, by: bytes) -> None:
        super().__init__(f"another engine holds the lease: {by.decode('ascii', 'replace')}")
        self.by = by


@dataclass(slots=True)
class Totals:
    """Since the engine began. `named` and `conflicts` by reason; the keys named are told one by one in Step."""

    rounds: int = 0
    abandoned: int = 0
    written: int = 0
    equal: int = 0
    changed: int = 0
    refused: int = 0
    left: Counter[str] = field(default_factory=Counter)
    conflicts: Counter[str] = field(default_factory=Counter)
    named: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Step:
    """What one step did. `problem`: why nothing could be done; `named`: keys that policy decided, with the reason; `lag_seconds`: how long
    ago the oldest key of this round was told of.
    """

    read: int = 0
    written: int = 0
    named: tuple[tuple[bytes, str], ...] = ()
    unexplained: tuple[bytes, ...] = ()
    problem: str | None = None
    lag_seconds: float | None = None


class Engine:
    """Holds the lease and keeps one source and its targets equal."""

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
        self.streams, self.lease, self.policy = streams, lease, policy
        self.source, self.targets, self.servers, self.pasts = streams.source, streams.targets, streams.servers, streams.pasts
        self.totals = Totals()
        self.round = max(server.events.round for server in self.servers)
        self.both: dict[bytes, None] = {}
        self.big: dict[bytes, None] = {}
        self.passes = ReconcilingPass(self.source, self.targets, router)
        self._limits, self._stop_point = limits or ReadLimits(), stop_point
        self._dirty_since: float | None = None
        self._round_at = 0.0
        self._kept: list[Kept] = []
        self._has_standby = False
        self._begins_pass = True

    def inherit(self, inherited: Inherited) -> None:
        """Go on in another's place: its rounds are below this engine's, and the lease was on every server."""
        self.policy = inherited.policy
        self.round = max(server.events.round for server in self.servers) + _ROUNDS_LEFT_OUT
        for server in self.servers:
            server.must_raise, server.had_lease = True, True
        self._begins_pass = True

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
            if self._begins_pass or self.passes.is_time_for_another():
                self.begin_pass()
            return self._run_round()
        except Abandoned as why:
            self.totals.abandoned += 1
            return Step(problem=str(why))

    def _make_ready(self) -> str | None:
        for server in self.servers:
            for key in server.make_ready():
                self.both[key] = None
        return next((server.problem or "not ready" for server in self.servers if not server.is_ready), None)

    def _wait_for_work(self, wait_seconds: float) -> None:
        self.drain()
        if not self.has_work:
            wait_for_any(self.servers, min(wait_seconds, self.passes.seconds_until_due()))
        if (early := self._round_at + _BETWEEN_ROUNDS_SECONDS - time.monotonic()) > 0:
            time.sleep(early)
        self.drain()

    @property
    def has_work(self) -> bool:
        """Whether a key is dirty, or a pass is to go on."""
        return bool(self.both) or self.passes.is_due() or any(len(server.events.touches) for server in self.servers)

    @property
    def dirty_keys(self) -> int:
        """How many keys wait; one that was touched on two sides counts twice."""
        return len(self.both) + sum(len(server.events.touches) for server in self.servers)

    def drain(self) -> None:
        """Take what every side told, and settle what ends say. Raises Fenced where another engine raised the lease."""
        self.streams.drain()
        self.streams.forget_markers()
        raised = self.streams.raised
        while raised:
            owner = raised.popleft()
            if owner != self.lease.text and epoch_of(owner) >= self.lease.epoch:
                raise Fenced(owner)
        if self._dirty_since is None and self.has_work:
            self._dirty_since = time.monotonic()

    def raise_leases(self) -> None:
        """Take the lease on every server, with an epoch that nobody had: what was sent before under another is fenced.

        Raises Fenced, or Abandoned where a server cannot be asked.
        """
        self.lease = self.lease.higher(max(self._ask(server, held_epoch) for server in self.servers))
        for server in self.servers:
            taken = self._ask(server, partial(raise_lease, database=server.database, lease=self.lease))
            if not taken.is_ours:
                raise Fenced(taken.before)
            if server.had_lease and not taken.before and not server.events.lease_was_removed:
                self.take_flush(server)
            server.events.lease_was_removed = False
            server.had_lease = True
            self._ask(server, _set_canary)
        for server in self.servers:
            server.must_raise = False
        self._stop_point("leases raised")

    def _ask(self, server: FollowedServer, question: Callable[[Connection], Answered]) -> Answered:
        try:
            return question(server.connection)
        except SourceUnreachable as problem:
            server.stop_asking(str(problem))
            raise Abandoned(str(problem)) from None
        except ErrorReply as problem:
            raise Abandoned(f"{server.name} answered: {problem.safe}") from None

    def take_flush(self, server: FollowedServer) -> None:
        """Keys vanished there without events."""
        for key in server.take_reset(ResetKind.FLUSH):
            self.both[key] = None
        self.begin_pass()

    def _run_round(self) -> Step:
        self.round += 1
        began, self._round_at = self._dirty_since, time.monotonic()
        self._dirty_since = None
        pages, rules = self._plan()
        round_ = Round(
            self.round,
            self.lease,
            pages,
            self.source,
            self.targets,
            rules,
            self._told(),
            self._limits,
            self.drain,
            self.streams.has_ended,
            self._stop_point,
        )
        try:
            round_.read()
            self._look_at_leases(round_)
            round_.wait_for_markers()
            self._take_whole(round_)
            return self._decide_and_write(round_, began)
        except Abandoned as why:
            round_.give_up(str(why))
            self._dirty_since = began
            for page in pages:
                if page.form is ReadForm.TOKEN:
                    # The pass does not come to them again.
                    self.both.update(dict.fromkeys(page.both))
                    self.passes.pending.update(page.both)
            raise

    def _plan(self) -> tuple[list[Page], dict[bytes, Rule]]:
        rules: dict[bytes, Rule] = {}
        pages = pages_of(self._dirty(rules), len(self.targets), _MOST_KEYS)
        if self.passes.is_due():
            untouched = []
            for key, rule in self.passes.next_keys(self._is_to_compare):
                rules[key] = rule
                untouched.append((key, rule.target))
            pages += token_pages(iter(untouched), len(pages))
        return pages, rules

    def _is_to_compare(self, key: bytes) -> bool:
        """Whether this pass has not compared the key, and no round is to look at it anyway."""
        entry = self.pasts.base.get(key)
        if entry is not None and entry.round >= self.passes.first_round:
            return False
        return key not in self.both and all(key not in server.events.touches for server in self.servers)

    def _dirty(self, rules: dict[bytes, Rule]) -> Iterator[Dirty]:
        both, source = self.both, self.source.events.touches
        for key in both:
            rule = rules[key] = self.streams.rule_of(key)
            yield Dirty(key, rule.target, None)
        for key in source:
            if key not in both:
                rule = rules[key] = self.streams.rule_of(key)
                is_on_both = key in self.targets[rule.target].events.touches
                yield Dirty(key, rule.target, None if is_on_both else Side.SOURCE)
        for target in self.targets:
            for key in target.events.touches:
                if key not in both and key not in source:
                    rule = rules[key] = self.streams.rule_of(key)
                    yield Dirty(key, rule.target, Side.TARGET if self.policy.two_way else None)

    def _look_at_leases(self, round_: Round) -> None:
        """A lease that is gone without an event was flushed; a canary that is gone proves nothing; another's lease ends this engine."""
        problem = None
        self._has_standby = any(reading.listeners > 1 for reading in round_.readings.values())
        for reading in round_.readings.values():
            if reading.lease is not None and reading.lease != self.lease.text:
                raise Fenced(reading.lease)
        for page in round_.pages:
            for side in Side:
                reading, server = round_.readings[page.number, side], round_.server(page, side)
                if reading.lease is None or not reading.has_canary:
                    server.must_raise = True
                    problem = f"{server.name}: the follow's own keys are gone"
        if problem is not None:
            raise Abandoned(problem)

    def _take_whole(self, round_: Round) -> None:
        for page in round_.pages:
            for side in Side:
                server = round_.server(page, side)
                if not server.events.markers[round_.number, page.number].is_proven:
                    server.open_gap()
                    raise Abandoned(
                        f"{server.name}: events are off: notify-keyspace-events must hold E and A (set it in the parameter group)"
                    )
        for place, server in enumerate(self.servers):
            if server.gaps.opened is None:
                self.pasts.forget_sent_to(place, self.both)
            self._begins_pass |= server.gaps.opened is not None
            server.take_whole_round(round_.number)

    def _decide_and_write(self, round_: Round, began: float | None) -> Step:
        changes: dict[tuple[int, Side], list[Change]] = {}
        found = []
        for page in round_.pages:
            judge = Judge((self.source, self.targets[page.target]), self.pasts, self.policy, collects_kept=self._has_standby)
            read = Read(
                page,
                (round_.readings[page.number, Side.SOURCE], round_.readings[page.number, Side.TARGET]),
                round_.positions(page),
                round_.number,
            )
            if page.form is ReadForm.TOKEN:
                judgement = judge.compare_tokens(read, round_.rules)
                self.passes.take(judgement, time.monotonic() - self._round_at)
            else:
                judgement = judge.judge(read, round_.rules)
                self.passes.unexplained += len(judgement.unexplained)
            self._take_judgement(page, judgement)
            found.append(judgement)
            for side in Side:
                if judgement.changes[side]:
                    changes[page.number, side] = judgement.changes[side]
        self._stop_point("decided")
        written = self._write(round_, changes) if changes else 0
        self.totals.rounds += 1
        self._end_pass()
        return Step(
            sum(page.most_keys for page in round_.pages),
            written,
            tuple(chain.from_iterable(one.named for one in found)),
            tuple(chain.from_iterable(one.unexplained for one in found)),
            None,
            time.monotonic() - began if began is not None else None,
        )

    def _end_pass(self) -> None:
        whole = self.passes.end_if_done(self.both)
        if whole is None:
            return
        self.pasts.complete_since = whole.first_round
        self.pasts.base.is_complete = whole.dropped == self.pasts.base.dropped
        for server in self.servers:
            server.gaps.forget_before(whole.first_round)

    def begin_pass(self) -> None:
        """Compare every key, from the first one on."""
        self._begins_pass = False
        self.passes.begin(self.round + 1, self.pasts.base.dropped)

    def _told(self) -> bytes:
        """What a standby must know, where one listens."""
        if not self._has_standby:
            return b""
        kept, self._kept = self._kept, []
        gaps = tuple(ToldGaps.of(server.gaps) for server in self.servers)
        return Told(self.streams.oldest_round, self.policy, self.passes.count, self.pasts.complete_since, gaps).text(kept)

    def _take_judgement(self, page: Page, judgement: Judgement) -> None:
        for key in page.both:
            self.both.pop(key, None)
        for key in judgement.both:
            self.both[key] = None
        for key in judgement.big:
            self.big[key] = None
        self.streams.carries.update(judgement.carries)
        self._kept += judgement.kept
        totals = self.totals
        totals.equal += judgement.equal
        totals.conflicts.update(judgement.conflicts)
        totals.named.update(reason for _, reason in judgement.named)
        totals.left.update(reason for _, reason in judgement.left)

    def _write(self, round_: Round, changes: dict[tuple[int, Side], list[Change]]) -> int:
        for some in changes.values():
            for one in some:
                self.pasts.base.set_in_flight(one.key)
        try:
            answers = round_.apply(changes)
            self._look_at_fences(answers)
            round_.wait_for_ends(answers)
        except Abandoned:
            self._remember_sent(round_, changes)
            raise
        written = 0
        for place, some in changes.items():
            if answers[place].fenced is not None:
                self.both.update(dict.fromkeys(one.key for one in some))
                continue
            for one, letter in zip(some, answers[place].letters, strict=True):
                written += self._take_letter(one, letter, answers[place])
        self.totals.written += written
        return written

    def _take_letter(self, change: Change, letter: Applied, answer: Answer) -> int:
        match letter:
            case Applied.DONE:
                return 1
            case Applied.CHANGED:
                self.totals.changed += 1
                self.both[change.key] = None
            case Applied.TOO_BIG:
                self.big[change.key] = None
            case Applied.REFUSED:
                self.totals.refused += 1
                self.both[change.key] = None
        self.streams.carries.pop(change.key, None)
        return 0

    def _look_at_fences(self, answers: dict[tuple[int, Side], Answer]) -> None:
        for answer in answers.values():
            if answer.fenced:
                raise Fenced(answer.fenced)

    def _remember_sent(self, round_: Round, changes: dict[tuple[int, Side], list[Change]]) -> None:
        """What came of them is not known, unless an end says so: their keys stay dirty."""
        by_number = {page.number: page for page in round_.pages}
        for (number, side), some in changes.items():
            server = round_.server(by_number[number], side)
            if self.streams.has_ended(server, round_.number, number):
                continue
            for one in some:
                self.both[one.key] = None
                self.pasts.sent[one.key] = Sent(self.streams.place_of(server), side, one.winner_token, one.life, one.value)

    def give_up(self) -> None:
        """Write no more; the streams go on."""
        self.passes.close()
        for server in self.servers:
            # An answer may still be to come.
            server.stop_asking("another engine writes")

    def close(self) -> None:
        """Close every connection; the lease stays."""
        self.streams.close()
        self.passes.close()
