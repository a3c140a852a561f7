"""What a key comes to that was read on both sides, by a page or in pieces."""

from __future__ import annotations

from collections.abc import Collection

from uplift.keyspace.follow.applying import Write
from uplift.keyspace.follow.big_look import BIG, BigLook
from uplift.keyspace.follow.change_to_state import change_to
from uplift.keyspace.follow.decision import Candidate, Decision, Outcome, Policy, Reason, decide
from uplift.keyspace.follow.evidence import BaseState, Evidence, Observation, Span, TouchKind, evidence_of
from uplift.keyspace.follow.followed_server import FollowedServer
from uplift.keyspace.follow.gaps import ResetKind
from uplift.keyspace.follow.judgement import Judgement, ReadPage
from uplift.keyspace.follow.key_state import ABSENT, EVICTED_TOKEN, FOREVER, Side, State
from uplift.keyspace.follow.messages import token_as_text
from uplift.keyspace.follow.pasts import Past, Pasts
from uplift.keyspace.follow.payload_value import same_value
from uplift.keyspace.follow.told import BaseUpdate
from uplift.keyspace.follow.unanswered_writes import UnansweredWrite
from uplift.keyspace.keymap.routing import Rule

_NOTHING: frozenset[TouchKind] = frozenset()


class BothSidesJudge:
    """For one source and one target. Settles what needs no write at once."""

    def __init__(
        self, servers: tuple[FollowedServer, FollowedServer], pasts: Pasts, policy: Policy, *, collects_base_updates: bool = False
    ) -> None:
        self.servers, self.pasts, self.policy, self._collects_base_updates = servers, pasts, policy, collects_base_updates

    def judge(self, key: bytes, states: tuple[State | None, State | None], read: ReadPage, rule: Rule, found: Judgement) -> None:
        """A key that a page read on both sides."""
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
                self.keep(key, states, read, found)
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
            self._candidate(key, Side.SOURCE, states, tokens, past, read, same=same),
            self._candidate(key, Side.TARGET, states, tokens, past, read, same=same),
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
        self.keep(key, (states[0], states[1]), read, found)

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
        change = change_to(state, key, rule, self.servers[winner.other], expected, expected_life, found)
        if change is None:
            self.settle(key, read)
            return
        if decision.life is not None:
            change = change._replace(life=decision.life)
            found.pending_lives[key] = winner
        if same and state is not None:
            change = change._replace(write=Write.LIFE, value=b"")
        found.changes[winner.other].append(change)

    def _candidate(
        self,
        key: bytes,
        side: Side,
        states: tuple[State | None, State | None],
        tokens_by_side: tuple[Collection[bytes], Collection[bytes]],
        past: Past,
        read: ReadPage,
        *,
        same: bool,
    ) -> Candidate:
        server, position = self.servers[side], read.positions[side]
        state, tokens = states[side], tokens_by_side[side]
        touch = server.events.touches.before(key, position)
        base_round, base = past.round, past.states[side]
        write = self.pasts.unanswered.of(key)
        is_as_sent = write is not None and same and write.token in tokens_by_side[side.other]
        if write is not None and write.side is side and (is_as_sent or _is_state_of(write, state, tokens)):
            # What this program sent and was not told about: its own write, not one of the gap.
            base = BaseState(_token(state), write.life)
        elif write is not None and write.is_of_earlier and write.side is side.other and write.token not in tokens:
            # It had this when it was read for that write: what it has now was written since, though it be what the base says.
            base = BaseState(write.token, write.life)
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

    def keep(self, key: bytes, states: tuple[State | None, State | None], read: ReadPage, found: Judgement) -> None:
        """Both are equal, and that is the new base."""
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
    if state.is_string or write.token[:1] != b"D" or state.value is None or write.value is None:
        return False
    return same_value(write.value, state.value, is_string=False)
