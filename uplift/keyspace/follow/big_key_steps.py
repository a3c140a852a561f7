"""The steps of a big key between the rounds: each is one look at what its thread has done, and one decision of what it does next."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import assert_never

from uplift.keyspace.follow.big_keys import BigKey, BigKeys, BigWrite, Stage
from uplift.keyspace.follow.both_sides_judging import BothSidesJudge
from uplift.keyspace.follow.decision import Decision, Outcome, Policy
from uplift.keyspace.follow.judgement import Judgement, ReadPage
from uplift.keyspace.follow.key_state import ABSENT, FOREVER, Side, State
from uplift.keyspace.follow.lease import Lease
from uplift.keyspace.follow.pages import Page, name_on
from uplift.keyspace.follow.reading import NOTHING_READ, ReadForm
from uplift.keyspace.follow.streams import Streams
from uplift.keyspace.follow.unanswered_writes import UnansweredWrite


class BigKeySteps:
    """For the keys of one engine, one at a time."""

    def __init__(self, streams: Streams, big: BigKeys) -> None:
        self._streams, self._big = streams, big
        self._read: ReadPage | None = None
        self._decision: Decision | None = None
        self._found = Judgement()

    def go_on(self, round_: int, lease: Lease, policy: Policy, *, collects_base_updates: bool) -> Judgement | None:
        """After a whole round of this number: begin with a key, or take the one under way a step further. What a key came to at its end."""
        current = self._big.take_result()
        self._remember_unanswered()
        if current is None:
            if self._big.under_way is None:
                self._big.begin(self._name_on, self._streams.server_of)
            return None
        match current.stage:
            case Stage.WATCHED:
                self._wait_for_markers(current, round_)
                return None
            case Stage.LOOKED:
                return self._decide(current, self._judge(current, policy, collects_base_updates=collects_base_updates), lease)
            case Stage.OVER:
                return self._end(current, self._judge(current, policy, collects_base_updates=collects_base_updates))
            case Stage.WATCHING | Stage.LOOKING | Stage.WRITING:
                return None
            case _:
                assert_never(current.stage)

    def _remember_unanswered(self) -> None:
        """A connection broke while a key was written: whether that took place is not known, unless an end says so."""
        failed, self._big.failed = self._big.failed, None
        if failed is None or failed.wanted is None or failed.looks is None:
            return
        self._streams.pending_lives.pop(failed.key, None)
        wanted, state = failed.wanted, failed.looks[failed.wanted.winner].state
        written = self._streams.server_of(wanted.winner.other, failed.key)
        if self._streams.has_ended(written, wanted.round, wanted.page):
            return
        write = UnansweredWrite(self._streams.place_of(written), wanted.winner.other, *_sent(state, wanted.life), None)
        self._streams.pasts.unanswered.keep(failed.key, write)

    def _name_on(self, side: Side, key: bytes) -> bytes:
        return name_on(side, key, self._streams.rule_of(key))

    def _judge(self, current: BigKey, policy: Policy, *, collects_base_updates: bool) -> BothSidesJudge:
        target = self._streams.targets[self._streams.rule_of(current.key).target]
        return BothSidesJudge((self._streams.source, target), self._streams.pasts, policy, collects_base_updates=collects_base_updates)

    def _wait_for_markers(self, current: BigKey, round_: int) -> None:
        """The markers of the next round lie behind the watching, so that what touched the key before them is in what is read then."""
        if current.round is None:
            current.round = round_ + 1
            return
        streams = self._streams
        target = streams.rule_of(current.key).target
        at = (round_, target)
        positions = (streams.source.events.markers[at].position, streams.targets[target].events.markers[at].position)
        self._read = ReadPage(Page(target, target, ReadForm.VALUE), (NOTHING_READ, NOTHING_READ), positions, round_)
        self._big.go_on(current.look, Stage.LOOKING)

    def _decide(self, current: BigKey, judge: BothSidesJudge, lease: Lease) -> Judgement | None:
        if current.looks is None or self._read is None:
            raise RuntimeError("a big key is read before it is decided")
        here, there = (replace(NOTHING_READ, clock=look.clock) for look in current.looks)
        self._read = read = replace(self._read, replies=(here, there))
        self._found = found = Judgement()
        self._decision = decision = judge.judge_big(current.key, current.looks, read, found)
        match decision.outcome:
            case Outcome.KEEP:
                self._big.go_on(current.confirm_equal, Stage.WRITING)
                return None
            case Outcome.LEAVE:
                judge.leave_big(current.key, current.looks, decision.reason, read, found)
                found.left.append((current.key, decision.reason))
                self._big.end(current, is_done=True)
                return found
            case Outcome.SOURCE | Outcome.TARGET:
                winner = Side.SOURCE if decision.outcome is Outcome.SOURCE else Side.TARGET
                if decision.life is not None:
                    self._streams.pending_lives[current.key] = winner
                place = self._streams.place_of(self._streams.server_of(winner.other, current.key))
                sent = _sent(current.looks[winner].state, decision.life)
                self._streams.pasts.note_sent(current.key, place, winner.other, *sent)
                wanted = BigWrite(winner, decision.life, lease, read.round, read.page.number)
                self._big.go_on(partial(current.write, wanted), Stage.WRITING)
                return None
            case _:
                assert_never(decision.outcome)

    def _end(self, current: BigKey, judge: BothSidesJudge) -> Judgement | None:
        if current.written.is_changed:
            self._streams.pending_lives.pop(current.key, None)
            self._big.end(current, is_done=False)
            return None
        found, decision = self._found, self._decision
        if decision is not None and decision.outcome is Outcome.KEEP and current.looks is not None and self._read is not None:
            judge.keep_big(current.key, current.looks, self._read, found)
        elif current.written.problem is None and self._read is not None:
            # The end may be told after the round's marker was forgotten: a transfer takes as long as it takes.
            judge.settle(current.key, self._read)
            found.written_in_pieces = 1
        if current.written.problem is not None:
            found.named.append((current.key, current.written.problem))
            if self._read is not None:
                # What came after it was read may have made it one that the other side can hold.
                judge.settle(current.key, self._read)
        self._big.end(current, is_done=True)
        return found


def _sent(state: State | None, life: int | None) -> tuple[bytes, int]:
    """The token and the life that a write of this state gives a key; `life` in place of its own."""
    if state is None:
        return ABSENT, FOREVER
    return state.token, state.life if life is None else life
