"""From what a round read to what it writes: which keys are decided at once, and which need both sides."""

from __future__ import annotations

from uplift.keyspace.follow.applying import ANYTHING, Write
from uplift.keyspace.follow.both_sides_judging import BothSidesJudge
from uplift.keyspace.follow.change_to_state import change_to
from uplift.keyspace.follow.decision import Policy
from uplift.keyspace.follow.evidence import TouchKind
from uplift.keyspace.follow.followed_server import FollowedServer
from uplift.keyspace.follow.judgement import Judgement, ReadPage
from uplift.keyspace.follow.key_state import ABSENT, EVICTED_TOKEN, FOREVER, Side, State, same_life
from uplift.keyspace.follow.messages import token_as_text
from uplift.keyspace.follow.pages import name_on
from uplift.keyspace.follow.pasts import Past, Pasts
from uplift.keyspace.keymap.routing import Rule

_BY_ITSELF = frozenset({TouchKind.EXPIRED, TouchKind.EVICTED})


class Judge:
    """For one source and one target. `rule_of` gives a followed key's rule. Settles what needs no write at once."""

    def __init__(
        self, servers: tuple[FollowedServer, FollowedServer], pasts: Pasts, policy: Policy, *, collects_base_updates: bool = False
    ) -> None:
        self.servers, self.pasts, self.policy = servers, pasts, policy
        self._both_sides = BothSidesJudge(servers, pasts, policy, collects_base_updates=collects_base_updates)

    def judge(self, read: ReadPage, rule_of: dict[bytes, Rule]) -> Judgement:
        """Every key of a page of values."""
        found = Judgement()
        for side in Side:
            states = read.replies[side].states
            for key in read.page.one_side[side]:
                name = name_on(side, key, rule_of[key])
                if name in states:
                    self._judge_one_side(key, side, states[name], read, rule_of[key], found)
        for key in read.page.both_sides:
            rule = rule_of[key]
            names = (name_on(Side.SOURCE, key, rule), name_on(Side.TARGET, key, rule))
            if all(names[side] in read.replies[side].states for side in Side):
                self._both_sides.judge(key, (read.replies[0].states[names[0]], read.replies[1].states[names[1]]), read, rule, found)
        return found

    def compare_tokens(self, read: ReadPage, rule_of: dict[bytes, Rule]) -> Judgement:
        """Every key of a pass's page: those that are equal by their tokens are done, all others need both values."""
        found = Judgement()
        for key in read.page.both_sides:
            name = name_on(Side.TARGET, key, rule_of[key])
            source, target = read.replies[0].states.get(key), read.replies[1].states.get(name)
            if key in read.replies[0].later or name in read.replies[1].later:
                found.need_both_sides.append(key)
            elif self._are_as_base(self.pasts.past_of(key), source, target) or _are_equal_by_token(source, target):
                self._both_sides.keep(key, (source, target), read, found)
                found.equal += 1
            else:
                found.need_both_sides.append(key)
        return found

    def _are_as_base(self, past: Past, source: State | None, target: State | None) -> bool:
        if source is None or target is None or not source.token or not target.token:
            return False
        here, there = past.states
        if here is None or there is None:
            return False
        return (source.token, target.token) == (here.token, there.token) and same_life(source.life, target.life)

    def _judge_one_side(self, key: bytes, side: Side, state: State | None, read: ReadPage, rule: Rule, found: Judgement) -> None:
        """One side was touched and read; the other one is written where it still is what the base says."""
        if state is not None and state.size:
            found.big.append(key)
            return
        other = side.other
        touches = self.servers[other].events.touches
        past = self.pasts.past_of(key)
        went_by_itself = state is None and self._is_touched_by_itself(key, side, read)
        if not self.policy.two_way and side is Side.SOURCE and not went_by_itself:
            self._write(key, side, state, past, read, rule, found, expects=False)
            return
        expected = past.states[other]
        own = past.states[side]
        if (
            # What a server forgot as a whole says nothing of what was done to the key.
            self.servers[Side.SOURCE].gaps.resets
            or self.servers[Side.TARGET].gaps.resets
            or expected is None
            or own is None
            or expected.token == EVICTED_TOKEN
            or touches.before(key, read.positions[other]) is not None
            or went_by_itself
            or ((ABSENT if state is None else state.token) == own.token and same_life(own.life if state is None else state.life, own.life))
        ):
            found.need_both_sides.append(key)
            return
        self._write(key, side, state, past, read, rule, found, expects=True)

    def _is_touched_by_itself(self, key: bytes, side: Side, read: ReadPage) -> bool:
        """Whether the server alone did something to it, or nothing is known of it."""
        touch = self.servers[side].events.touches.before(key, read.positions[side])
        return touch is None or touch.kinds <= _BY_ITSELF

    def _write(
        self,
        key: bytes,
        side: Side,
        state: State | None,
        past: Past,
        read: ReadPage,
        rule: Rule,
        found: Judgement,
        *,
        expects: bool,
    ) -> None:
        other = side.other
        base = past.states[other]
        expected = token_as_text(base.token) if expects and base is not None else ANYTHING
        expected_life = base.life if base is not None else FOREVER
        change = change_to(state, key, rule, self.servers[other], expected, expected_life, found)
        if change is None:
            # Named once, not in every round. The other side was not read: nothing is said of its touches.
            self.servers[side].events.touches.settle(key, read.positions[side], read.round)
            return
        own = past.states[side]
        if (
            state is not None
            and own is not None
            and base is not None
            and base.token not in {ABSENT, EVICTED_TOKEN}
            and state.token == own.token
        ):
            # The value is there already.
            change = change._replace(expected=token_as_text(base.token), expected_life=base.life, write=Write.LIFE, value=b"")
        found.changes[other].append(change)


def _are_equal_by_token(source: State | None, target: State | None) -> bool:
    if source is None or target is None:
        return source is target
    return bool(source.token) and source.token == target.token and same_life(source.life, target.life)
