"""What a round knows of one side of a key: which events came since it was last equal, and what it was then."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import NamedTuple

from uplift.keyspace.follow.key_state import ABSENT, EVICTED_TOKEN, State, is_over, same_life


class TouchKind(IntEnum):
    """What an event says of its key. `expire` and `persist` change its life alone."""

    WRITTEN = 0
    REMOVED = 1
    LIFE = 2
    EXPIRED = 3
    EVICTED = 4


_KINDS = {
    b"del": TouchKind.REMOVED,
    b"rename_from": TouchKind.REMOVED,
    b"move_from": TouchKind.REMOVED,
    b"expire": TouchKind.LIFE,
    b"persist": TouchKind.LIFE,
    b"expired": TouchKind.EXPIRED,
    b"evicted": TouchKind.EVICTED,
}


def kind_of_event(event: bytes) -> TouchKind:
    """The kind of a keyspace event by its name; one that is not known is a write."""
    return _KINDS.get(event, TouchKind.WRITTEN)


class Evidence(Enum):
    """The strongest thing known of a side, in this order (docs/follow.md)."""

    RESET = "reset"
    WRITTEN = "written"
    LIFE = "life"
    EVICTED = "evicted"
    GAP = "changed in a gap"
    GAP_UNKNOWN = "perhaps changed in a gap"
    EXPIRED = "expired"
    SILENT = "changed without an event"
    NONE = "untouched"


@dataclass(frozen=True, slots=True)
class Span:
    """The rounds of a gap or reset: `first` is the last one before it that was seen whole, `last` the first one after it."""

    first: int
    last: int


class BaseState(NamedTuple):
    """What one side held when both were last equal: a token (ABSENT: nothing) and a life."""

    token: bytes
    life: int


class Observation(NamedTuple):
    """All that is known of one side of a key when it is read, which evidence is found in.

    `kinds`: of the events before the marker. `base` None: not known. `gap`: the latest that the last sync was read before, if any.
    `is_reset`: a failover or flush took this side's past away, and this key is one of those it may concern; after a flush only where it is
    absent. `matches_base`: whether the value read is the base's, by token or, where forms differ, by value. Where a state was sent to this
    side and not answered for, and its value is what was read now (absence too), then that state is the base here. `clock`: of this server,
    in ms, at the reading.
    """

    state: State | None
    kinds: frozenset[TouchKind]
    base: BaseState | None
    matches_base: bool
    gap: Span | None
    is_reset: bool
    clock: int


def evidence_of(observed: Observation) -> Evidence:
    """The first that fits."""
    kinds, base = observed.kinds, observed.base
    if observed.is_reset and not _is_as_base(observed) and not _is_told(observed):
        return Evidence.RESET
    if TouchKind.WRITTEN in kinds or TouchKind.REMOVED in kinds or _is_cut_short(observed):
        return Evidence.WRITTEN
    if _is_life_alone(observed):
        return Evidence.LIFE
    as_base = _is_as_base(observed)
    if observed.state is None and base is not None and base.token != ABSENT and is_over(base.life, observed.clock):
        # What was to come of the base, gap or not.
        return Evidence.EXPIRED
    if observed.state is None and (TouchKind.EVICTED in kinds or (base is not None and base.token == EVICTED_TOKEN)):
        # Beside a gap as well: whatever came before it, that the key is gone was nobody's wish.
        return Evidence.EVICTED
    if observed.gap is not None and not as_base:
        return Evidence.GAP if base is not None else Evidence.GAP_UNKNOWN
    if observed.state is None and TouchKind.EXPIRED in kinds:
        return Evidence.EXPIRED
    if base is not None and not as_base:
        return Evidence.SILENT
    return Evidence.NONE


def _is_told(observed: Observation) -> bool:
    """Whether events since a reset say how the key came to be as it is. A write heard after a flush does not say why the key is gone."""
    return TouchKind.REMOVED in observed.kinds or (observed.state is not None and bool(observed.kinds))


def _is_as_base(observed: Observation) -> bool:
    if observed.base is None:
        return False
    if observed.state is None:
        return observed.base.token == ABSENT
    return observed.matches_base and same_life(observed.state.life, observed.base.life)


def _is_cut_short(observed: Observation) -> bool:
    """Valkey 9.1 says `expired` of EXPIRE k 0: a key that expired before its known life was over was removed by someone."""
    base = observed.base
    return (
        observed.state is None
        and observed.kinds == {TouchKind.EXPIRED}
        and base is not None
        and base.token not in {ABSENT, EVICTED_TOKEN}
        and not is_over(base.life, observed.clock)
    )


def _is_life_alone(observed: Observation) -> bool:
    base, state = observed.base, observed.state
    if TouchKind.LIFE in observed.kinds:
        if state is None and TouchKind.EVICTED in observed.kinds:
            return False
        # A value that changed without an event of its own is more than a life.
        return base is None or state is None or observed.matches_base
    return base is not None and state is not None and observed.matches_base and not same_life(state.life, base.life)
