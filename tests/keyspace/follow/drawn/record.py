"""The record of a run: every write with its times, the windows in which a key becomes ambiguous, and what a key may be at the end.

A silent write, of which no event tells, is not known before a pass: a window that begins before the next pass meets it.

A key is *clear* where the record alone says what it must be. It is *ambiguous* where one of its writes that may count lies in a window:

NOBODY_KNEW  no engine lived that had heard everything: from the death of the last one that had (less its lag) until an engine is in sync
             again. The beginning of a run is one. Every write in it may be undone, and named.
FAILOVER     one side's state went back to that of a replica, or one of its writes came before anybody listened to the new primary: from the
             last moment the replica was level until an engine is in sync again. Every write of that side in it; what the other side
             wrote stays, though it may be named.
FLUSH        one side lost every key without a word; a write that was not yet carried is gone, and a removal after it is undone. From before
             it (the lag) until an engine is in sync again.
NO_BASE      the engine took over before it knew what both sides held: from the last time one was in sync until one is again. Writes in
             it that no event tells of.
EVICTION     one side had too little memory: keys with a life may be gone there alone, and what its applications wrote to them since is not
             what the record says. None is named, unless an engine that did not hear of the evictions takes over: a window in which nobody
             knew, or that took the past away, which ends after this one begins.
ONE_DEAF     the engine missed events of one side: nothing that one side alone wrote is ambiguous; of what both wrote in it nobody knows
             the order.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from tests.keyspace.follow.drawn.engines import EngineLog

LIFE_TOLERANCE_MILLISECONDS = 300
ROUNDS_APART = 4
LAG_SECONDS = 3.0


@dataclass(frozen=True)
class State:
    """What a key is: its value as everything.read gives it, and when it ends in ms since 1970, or up to `slack` later: so long the server
    took to answer.
    """

    kind: bytes
    value: object
    life: int | None = None
    slack: int = 0


class Form(Enum):
    """WHOLE: says what the key is from now on. PART: from what it was, a value. LIFE: only its life."""

    WHOLE = "whole"
    PART = "part"
    LIFE = "life"


@dataclass(frozen=True)
class Write:
    """One command: `state` is what the key is after it, None for nothing. Not `acknowledged`: perhaps it took place, perhaps not."""

    side: int
    begin: float
    end: float
    state: State | None
    form: Form
    acknowledged: bool = True
    text: str = ""
    is_silent: bool = False
    origin: bytes | None = None
    """The key that was renamed to this one: what this one is now is what that one was."""


class WindowKind(Enum):
    NOBODY_KNEW = "nobody knew"
    FAILOVER = "failover"
    FLUSH = "flush"
    ONE_DEAF = "one deaf"
    NO_BASE = "no base"
    EVICTION = "eviction"


@dataclass
class Window:
    """From `begin` to `end` (monotonic), open while `end` is None; for writes that no event tells of from `silent_begin`."""

    kind: WindowKind
    begin: float
    silent_begin: float
    end: float | None = None
    why: str = ""
    side: int | None = None
    """The side whose past is gone; None where it concerns both."""

    def meets(self, write: Write) -> bool:
        if self.kind is WindowKind.NO_BASE and not write.is_silent:
            return False
        begin = self.silent_begin if write.is_silent else self.begin
        return write.end >= begin and (self.end is None or write.begin <= self.end)


@dataclass
class Record:
    """Every write of every key, in the order of its side."""

    log: EngineLog
    writes: dict[bytes, list[Write]] = field(default_factory=dict)
    evicting: set[int] = field(default_factory=set)
    windows: list[Window] = field(default_factory=list)
    count: int = 0
    synced_at: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, key: bytes, write: Write) -> None:
        with self._lock:
            self.writes.setdefault(key, []).append(write)
            self.count += 1

    def open(self, kind: WindowKind, begin: float, why: str, side: int | None = None) -> None:
        self.windows.append(Window(kind, begin, min(begin, self.synced_at), None, why, side))

    def close_windows(self, compared_since: float) -> None:
        """An engine is in sync, and compared every key since that moment."""
        self.synced_at, now = compared_since, time.monotonic()
        for window in self.windows:
            if window.end is None:
                window.end = now

    def is_deaf(self) -> bool:
        """Whether an engine missed events, and is not known to be in sync again."""
        return any(window.end is None and window.kind is WindowKind.ONE_DEAF for window in self.windows)

    def rounds_between(self, begin: float, end: float) -> int:
        """How many whole rounds engines surely did between two moments: by one engine, told of after the first and before the second."""
        found: dict[str, list[int]] = {}
        for at, owner, rounds in self.log.rounds:
            if begin < at < end:
                found.setdefault(owner, []).append(rounds)
        return max((max(counts) - min(counts) for counts in found.values()), default=0)

    def is_hidden(self, write: Write) -> bool:
        """Whether it lies where everything is ambiguous."""
        return any(
            window.kind is not WindowKind.ONE_DEAF and window.side in {None, write.side} and window.meets(write) for window in self.windows
        )

    def may_be_named(self, key: bytes) -> bool:
        """Whether the model itself calls the key ambiguous."""
        writes = self.writes.get(key, [])
        if self.may_be_evicted_unknown(key):
            return True
        for window in self.windows:
            met = [write for write in writes if window.meets(write)]
            if window.kind is WindowKind.EVICTION:
                continue
            if met and window.kind is not WindowKind.ONE_DEAF:
                return True
            if {write.side for write in met} == {0, 1}:
                return True
        return False

    def may_be_evicted_unknown(self, key: bytes) -> bool:
        """Whether the key may have been evicted on one side, and nobody knew that any more afterwards."""
        lost = {WindowKind.NOBODY_KNEW, WindowKind.FAILOVER, WindowKind.FLUSH, WindowKind.NO_BASE}
        had_life = any(write.state is not None and write.state.life is not None for write in self.writes.get(key, []))
        return had_life and any(
            evicted.kind is WindowKind.EVICTION and window.kind in lost and (window.end is None or window.end > evicted.begin)
            for evicted in self.windows
            for window in self.windows
        )

    def is_torn(self, key: bytes, write: Write) -> bool:
        """Whether it lies in a window in which both sides wrote the key, and something was missed: in which order, no engine can know,
        even where the applications do.
        """
        writes = self.writes[key]
        return any(window.meets(write) and {one.side for one in writes if window.meets(one)} == {0, 1} for window in self.windows)


@dataclass(frozen=True)
class Allowed:
    """`states`: any of these; `anything`: ambiguous beyond the record. `lives`: states whose life the key may have, whatever its value."""

    states: tuple[State | None, ...]
    lives: tuple[State, ...] = ()
    anything: bool = False

    def has(self, state: State | None, clock: int) -> bool:
        if self.anything:
            return True
        holders = [*self.lives, *(one for one in self.states if one is not None)]
        if state is None:
            return any(one is None for one in self.states) or any(one.life is not None and one.life <= clock + 1_000 for one in holders)
        return any(
            one is not None
            and (one.kind, one.value) == (state.kind, state.value)
            and any(_has_life(each, state) for each in (one, *self.lives))
            for one in self.states
        )


def _has_life(one: State, state: State) -> bool:
    if one.life is None or state.life is None:
        return one.life is state.life
    return one.life - LIFE_TOLERANCE_MILLISECONDS <= state.life <= one.life + one.slack + LIFE_TOLERANCE_MILLISECONDS


def allowed_of_side(record: Record, writes: list[Write], is_hidden: Callable[[Write], bool] | None = None) -> Allowed:
    """Of the writes of one side, in their order: the last one, those that may not have taken place, and what a window hides."""
    is_hidden = is_hidden or record.is_hidden
    states: list[State | None] = []
    at = len(writes) - 1
    while at >= 0:
        states.append(writes[at].state)
        if writes[at].acknowledged and not is_hidden(writes[at]):
            break
        at -= 1
    else:
        states.append(None)
    # What a write in part was done to is known where all is, back to one of the whole.
    for write in reversed(writes[: at + 1]):
        if is_hidden(write):
            return Allowed((), anything=True)
        if write.form is Form.WHOLE:
            if write.origin is not None and not _is_sure(record, write.origin, write.begin):
                return Allowed((), anything=True)
            break
    if any(write.form is not Form.WHOLE or write.origin is not None for write in writes[at + 1 :]):
        return Allowed((), anything=True)
    return Allowed(tuple(states))


def _is_sure(record: Record, key: bytes, before: float) -> bool:
    """Whether it was known what a key was at a moment."""
    found = allowed_of_side(record, [write for write in record.writes[key] if write.begin < before])
    return not found.anything and len(found.states) == 1


def allowed(record: Record, key: bytes) -> Allowed:
    """What a key may be at the end."""
    if record.may_be_evicted_unknown(key):
        return Allowed((), anything=True)
    writes = record.writes[key]
    sides = [[write for write in writes if write.side == side] for side in (0, 1)]
    if not key.startswith(b"shared:") and not (sides[0] and sides[1]):
        side = 0 if sides[0] else 1
        if side in record.evicting and sides[side][-1].state is None:
            # What was evicted there is not there to be deleted: no event, and the other side keeps it.
            return Allowed((), anything=True)
        return allowed_of_side(record, sides[side])
    if _has_order(writes):
        # Two sides, one after the other: each saw what the other one had done before it began.
        return allowed_of_side(record, writes, lambda write: record.is_hidden(write) or record.is_torn(key, write))
    return _allowed_of_shared(record, sides)


def _has_order(writes: list[Write]) -> bool:
    return any("handed over" in write.text for write in writes)


def _allowed_of_shared(record: Record, sides: list[list[Write]]) -> Allowed:
    last = [[write for write in writes if write.form is Form.WHOLE] for writes in sides]
    lives = tuple(write.state for writes in sides for write in writes if write.state is not None)
    found = [allowed_of_side(record, writes) if writes else Allowed((None,) if not any(last) else ()) for writes in last]
    if any(one.anything for one in found):
        return found[0] if found[0].anything else found[1]
    if last[0] and last[1]:
        for one, other in ((0, 1), (1, 0)):
            earlier, later = last[one][-1], last[other][-1]
            is_clear = all(write.acknowledged and not record.is_hidden(write) and not _is_deaf(record, write) for write in (earlier, later))
            if is_clear and earlier.end < later.begin and record.rounds_between(earlier.end, later.begin) >= ROUNDS_APART:
                return Allowed(found[other].states, lives)
    return Allowed((*found[0].states, *found[1].states), lives)


def _is_deaf(record: Record, write: Write) -> bool:
    return any(window.meets(write) for window in record.windows)
