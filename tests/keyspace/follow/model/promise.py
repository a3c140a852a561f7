"""The promise, held against the applications' own record at each step and at rest."""

from __future__ import annotations

from tests.keyspace.follow.model.rounds import is_dirty
from tests.keyspace.follow.model.state import ACTIVE, DEAD, STEADY, Record, State, value_of
from uplift.keyspace.follow.key_state import Side

CLEAR, ROLLED_BACK, COLD = 0, 1, 2
"""What a record is: clear; with a failover or a flush, so that keys may be named; or with a time without a warm engine, so that an older
value may win as well."""


def applied(state: State, side: Side, new: int, is_told: bool) -> str | None:
    """What is wrong with putting a value on a side, if anything, before it is put there."""
    record, old = state.record, value_of(state.servers[side].held)
    if (
        record.unclear == CLEAR
        and old in record.written[side]
        and old not in {new, record.equal, *record.written[side.other]}
        and not is_told
    ):
        return f"v{old} of {side.name} is replaced by v{new}, and nobody is told"
    if record.unclear == COLD or value_of(state.servers[side].held) == new or new in record.written[side.other]:
        return None
    if record.unclear == ROLLED_BACK and new in record.written[side]:
        return None
    return f"v{value_of(state.servers[side].held)} of {side.name} is replaced by v{new}, which is older than what both sides held"


def compared(state: State, by_chance: bool = False) -> tuple[State, str | None]:
    """The state with a new record where both sides are equal, and what is wrong then. `by_chance`: an application made them so.

    Two deletions may meet by chance, while a value from before is on its way; that they did counts when an engine sees it or at rest.
    """
    source, target = state.servers
    record = state.record
    if value_of(source.held) != value_of(target.held) or (by_chance and source.held is None):
        return state, None
    # A value may go over with the other side's life, which goes back in the next round.
    lives = record.lives if source.held != target.held else (False, False)
    if record.written == ((), ()):
        return state._replace(record=record._replace(lives=lives)), None
    # What a failover or a flush took was a last write as well.
    last = {value for values in record.written for value in (values if record.unclear == ROLLED_BACK else values[-1:])}
    wrong = None
    if record.unclear != COLD and value_of(source.held) not in last:
        wrong = f"both sides hold v{value_of(source.held)}, which is no last write of a side"
    return state._replace(record=Record(lives=lives, unclear=record.unclear, equal=value_of(source.held))), wrong


def named(record: Record) -> str | None:
    """What is wrong with naming the key now."""
    both = all(record.written[side] or record.lives[side] for side in Side)
    clear = record.unclear == CLEAR and not both
    return "the key is named, and the record says clearly which side is right" if clear else None


def is_flushed(state: State) -> bool:
    """Whether a lease is missing, which the next round will see."""
    return any(server.lease is None for server in state.servers)


def is_quiet(state: State) -> bool:
    """Whether nothing is under way and an engine has nothing to do."""
    if any(state.orphans):
        return False
    for engine in state.engines:
        if engine.under_way is not None or any(engine.commands) or engine.phase != STEADY:
            return False
        if engine.role != DEAD and any(view.queue or not view.is_on for view in engine.views):
            return False
        if engine.role == ACTIVE and is_flushed(state):
            return False
    return any(engine.role == ACTIVE and not is_dirty(engine) for engine in state.engines)


def at_rest(state: State) -> str | None:
    """What is wrong with a quiet state."""
    source, target = state.servers
    if source.held == target.held:
        return None
    return f"at rest S holds v{value_of(source.held)} and T v{value_of(target.held)}, and nobody looks at the key"
