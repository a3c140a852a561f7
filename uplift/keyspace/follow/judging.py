"""From what a round read to what it writes: which keys are decided at once, which need both sides, and what both sides then come to."""

from __future__ import annotations

from collections.abc import Collection

from uplift.errors import NotConvertible
from uplift.keyspace.follow.applying import ANYTHING, Change, Write
from uplift.keyspace.follow.big_look import BIG, BigLook
from uplift.keyspace.follow.decision import Candidate, Decision, Outcome, Policy, Reason, decide
from uplift.keyspace.follow.evidence import BaseState, Evidence, Observation, Span, TouchKind, evidence_of
from uplift.keyspace.follow.followed_server import FollowedServer
from uplift.keyspace.follow.gaps import ResetKind
from uplift.keyspace.follow.judgement import Judgement, ReadPage
from uplift.keyspace.follow.key_state import ABSENT, EVICTED_TOKEN, FOREVER, Side, State, same_life
from uplift.keyspace.follow.messages import token_as_text
from uplift.keyspace.follow.pages import name_on
from uplift.keyspace.follow.pasts import Past, Pasts, UnansweredWrite
from uplift.keyspace.follow.payload_value import same_value
from uplift.keyspace.follow.told import BaseUpdate
from uplift.keyspace.keymap.routing import Rule
from uplift.keyspace.rdb.payload import converted, fits, payload_version

_BY_ITSELF = frozenset({TouchKind.EXPIRED, TouchKind.EVICTED})
_NOTHING: frozenset[TouchKind] = frozenset()


class Judge:
    """For one source and one target. `rule_of` gives a followed key's rule. Settles what needs no write at once."""

    def __init__(
        self, servers: tuple[FollowedServer, FollowedServer], pasts: Pasts, policy: Policy, *, collects_base_updates: bool = False
    ) -> None:
        self.servers, self.pasts, self.policy, self._collects_base_updates = servers, pasts, policy, collects_base_updates

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
                self._judge_both_sides(key, (read.replies[0].states[names[0]], read.replies[1].states[names[1]]), read, rule, found)
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
                self._keep(key, (source, target), read, found)
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
        touch = self.servers[side].events.touches.before(key, read.positions[side])
        past = self.pasts.past_of(key)
        one_way = not self.policy.two_way
        if one_way and side is Side.SOURCE and (state is not None or (touch is not None and not touch.kinds <= _BY_ITSELF)):
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
            or (state is None and touch is not None and touch.kinds <= _BY_ITSELF)
            or ((ABSENT if state is None else state.token) == own.token and same_life(own.life if state is None else state.life, own.life))
        ):
            found.need_both_sides.append(key)
            return
        self._write(key, side, state, past, read, rule, found, expects=True)

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
        change = self._change(key, side, state, rule, expected, expected_life, found)
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

    def _change(
        self, key: bytes, side: Side, state: State | None, rule: Rule, expected: bytes, expected_life: int, found: Judgement
    ) -> Change | None:
        """Bring the other side to a state of this one; None where the other one cannot hold it, which names the key."""
        other = side.other
        name = name_on(other, key, rule)
        if state is None:
            return Change(key, name, expected, expected_life, Write.DELETE, b"", FOREVER, ABSENT)
        value = state.value or b""
        if state.is_string:
            return Change(key, name, expected, expected_life, Write.STRING, value, state.life, state.token)
        newest = self.servers[other].newest_payload
        if not fits(payload_version(value), newest):
            try:
                value = converted(value, newest)
            except NotConvertible as problem:
                found.named.append((key, f"{self.servers[other].name} cannot hold it: {problem}"))
                return None
        return Change(key, name, expected, expected_life, Write.PAYLOAD, value, state.life, state.token)

    def _judge_both_sides(
        self, key: bytes, states: tuple[State | None, State | None], read: ReadPage, rule: Rule, found: Judgement
    ) -> None:
        if any(state is not None and state.size for state in states):
            found.big.append(key)
            return
        same = _same(states)
        past = self.pasts.past_of(key)
        if any(base is not None and base.token[:1] == BIG for base in past.states):
            # It was big when both were equal: only a reading of the same kind can be compared with that.
            found.big.append(key)
            return
        decision = self._decided(key, states, ({_token(states[0])}, {_token(states[1])}), same, past, read, found)
        match decision.outcome:
            case Outcome.KEEP:
                self._keep(key, states, read, found)
            case Outcome.LEAVE:
                self._leave(key, states, decision.reason, read, found)
                found.left.append((key, decision.reason))
            case Outcome.SOURCE | Outcome.TARGET:
                winner = Side.SOURCE if decision.outcome is Outcome.SOURCE else Side.TARGET
                self._take_over(key, winner, states, decision, read, rule, same, found)

    def _decided(
        self,
        key: bytes,
        states: tuple[State | None, State | None],
        tokens: tuple[Collection[bytes], Collection[bytes]],
        same: bool,
        past: Past,
        read: ReadPage,
        found: Judgement,
    ) -> Decision:
        """The decision, counted. `tokens` by side: those the state may have in a base."""
        candidates = (
            self._candidate(key, Side.SOURCE, states[Side.SOURCE], tokens[Side.SOURCE], past, read),
            self._candidate(key, Side.TARGET, states[Side.TARGET], tokens[Side.TARGET], past, read),
        )
        decision = decide(*candidates, same_value=same, policy=self.policy)
        self._count(key, decision, candidates, found)
        return decision

    def judge_big(self, key: bytes, looks: tuple[BigLook, BigLook], read: ReadPage, found: Judgement) -> Decision:
        """The decision for a key that was read in pieces on both sides; nothing is settled."""
        states = (looks[Side.SOURCE].state, looks[Side.TARGET].state)
        tokens = tuple({_token(one.state), one.page_token} - ({b""} if one.state is not None else set()) for one in looks)
        return self._decided(key, states, (tokens[0], tokens[1]), _same(states), self.pasts.past_of(key), read, found)

    def keep_big(self, key: bytes, looks: tuple[BigLook, BigLook], read: ReadPage, found: Judgement) -> None:
        """Both are equal."""
        pages = [one.page_token for one in looks]
        states = [one.state if not all(pages) or one.state is None else one.state._replace(token=one.page_token) for one in looks]
        self._keep(key, (states[0], states[1]), read, found)

    def leave_big(self, key: bytes, looks: tuple[BigLook, BigLook], reason: Reason, read: ReadPage, found: Judgement) -> None:
        """They differ and stay so."""
        self._leave(key, (looks[Side.SOURCE].state, looks[Side.TARGET].state), reason, read, found)

    def _take_over(
        self,
        key: bytes,
        winner: Side,
        states: tuple[State | None, State | None],
        decision: Decision,
        read: ReadPage,
        rule: Rule,
        same: bool,
        found: Judgement,
    ) -> None:
        state, beaten = states[winner], states[winner.other]
        expected = token_as_text(beaten.token) if beaten is not None else b""
        expected_life = beaten.life if beaten is not None else FOREVER
        change = self._change(key, winner, state, rule, expected, expected_life, found)
        if change is None:
            self.settle(key, read)
            return
        if decision.life is not None:
            change = change._replace(life=decision.life)
            found.pending_lives[key] = winner
        if same and state is not None:
            change = change._replace(write=Write.LIFE, value=b"")
        found.changes[winner.other].append(change)

    def _candidate(self, key: bytes, side: Side, state: State | None, tokens: Collection[bytes], past: Past, read: ReadPage) -> Candidate:
        server, position = self.servers[side], read.positions[side]
        touch = server.events.touches.before(key, position)
        base_round, base = past.round, past.states[side]
        write = self.pasts.unanswered.get(key)
        if write is not None and write.side is side and _is_state_of(write, state, tokens):
            # What this program sent and was not told about: its own write, not one of the gap.
            base = BaseState(_token(state), write.life)
        reset = server.gaps.reset_of(key, base_round, is_absent=state is None)
        gap: Span | None = server.gaps.gap_of(base_round)
        clock = read.replies[side].clock
        is_base = base is not None and base.token in tokens
        observed = Observation(state, touch.kinds if touch else _NOTHING, base, is_base, gap, reset is not None, clock)
        return Candidate(
            state,
            evidence_of(observed),
            clock,
            touch.round if touch else 0,
            touch.position if touch else 0,
            gap,
            is_base=is_base,
            is_unanswered=write is not None and write.side is side.other and write.token in tokens,
            is_remembered=reset is not None and any(self.pasts.held_recently(key, side, token) for token in tokens),
            is_failover=reset is not None and reset.kind is ResetKind.FAILOVER,
        )

    def _count(self, key: bytes, decision: Decision, candidates: tuple[Candidate, Candidate], found: Judgement) -> None:
        if decision.is_named:
            found.named.append((key, decision.reason))
        if decision.is_conflict:
            found.conflicts.append(decision.reason)
        if decision.outcome in {Outcome.SOURCE, Outcome.TARGET} and all(map(_is_untold, candidates)):
            found.unexplained.append(key)

    def _keep(self, key: bytes, states: tuple[State | None, State | None], read: ReadPage, found: Judgement) -> None:
        source, target = (ABSENT if state is None else state.token for state in states)
        life = next((state.life for state in states if state is not None), FOREVER)
        self.pasts.put(key, source, target, life, read.round)
        if self._collects_base_updates:
            found.base_updates.append(BaseUpdate(key, source, target, life, read.round))
        self.settle(key, read)

    def _leave(self, key: bytes, states: tuple[State | None, State | None], reason: Reason, read: ReadPage, found: Judgement) -> None:
        source, target = states
        present = source or target
        if present is not None and (source is None or target is None):
            # A key whose life is over on one side alone is as one that both held, and that expired there: without an entry a whole pass
            # would make it one that was on neither side.
            gone = EVICTED_TOKEN if reason is Reason.EVICTED else present.token
            tokens = (source.token if source else gone, target.token if target else gone)
            self.pasts.put(key, *tokens, present.life, read.round)
            if self._collects_base_updates:
                found.base_updates.append(BaseUpdate(key, *tokens, present.life, read.round))
        self.settle(key, read)

    def settle(self, key: bytes, read: ReadPage) -> None:
        """What touched the key before it was read is decided, on both sides."""
        for side in Side:
            self.servers[side].events.touches.settle(key, read.positions[side], read.round)


def _is_untold(one: Candidate) -> bool:
    """Whether neither an event nor a gap says why a side is as it is."""
    if one.evidence is Evidence.LIFE:
        return not one.arrived and one.gap is None
    return one.evidence in {Evidence.NONE, Evidence.SILENT}


def _token(state: State | None) -> bytes:
    return ABSENT if state is None else state.token


def _same(states: tuple[State | None, State | None]) -> bool:
    one, other = states
    if one is None or other is None:
        return False
    if one.token == other.token:
        return True
    if one.is_string is not other.is_string or one.value is None or other.value is None:
        return False
    return same_value(one.value, other.value, is_string=one.is_string)


def _is_state_of(write: UnansweredWrite, state: State | None, tokens: Collection[bytes]) -> bool:
    """Whether a state is what was sent; a DUMP may have another form where it was restored."""
    if state is None:
        return write.token == ABSENT
    if write.token in tokens:
        return True
    is_payload = not state.is_string and write.token[:1] == b"D" and state.value is not None
    return is_payload and same_value(write.value, state.value or b"", is_string=False)


def _are_equal_by_token(source: State | None, target: State | None) -> bool:
    if source is None or target is None:
        return source is target
    return bool(source.token) and source.token == target.token and same_life(source.life, target.life)
