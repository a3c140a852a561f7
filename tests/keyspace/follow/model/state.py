"""The state of the model: two servers, up to two engines with their streams, what is under way, and the applications' own record."""

from __future__ import annotations

from typing import NamedTuple, TypeVar

from uplift.keyspace.follow.key_state import FOREVER, Side

T = TypeVar("T")
OPEN = -1
"""In place of the last round of a gap that has not ended."""


class Held(NamedTuple):
    """What a server holds under the key: a number that stands for the value, and a life."""

    value: int
    life: int = FOREVER


class Gap(NamedTuple):
    """A gap or a reset of one side: the last round seen before it and the first one after it, or OPEN."""

    first: int
    last: int
    is_failover: bool = False


class Base(NamedTuple):
    """What both sides held when last equal, and the round that read it."""

    source: Held | None
    target: Held | None
    round: int

    def of(self, side: Side) -> Held | None:
        return self.target if side else self.source


class Event(NamedTuple):
    """A keyspace event of the key."""

    kind: int
    tag: str = "event"


class Marker(NamedTuple):
    """A message of the script that reads."""

    owner: int
    round: int
    oldest: int
    gap: Gap | None
    reset: Gap | None
    base_update: Base | None
    tag: str = "marker"


class End(NamedTuple):
    """A whole bracket, begin to end, of an apply that wrote: scripts are one step. `base`: what it makes of both sides."""

    owner: int
    base: Base
    carries_life: bool
    tag: str = "end"


class Raise(NamedTuple):
    """An engine took the lease. `was_missing`: there was none, so the server was flushed."""

    epoch: int
    owner: int
    was_missing: bool
    tag: str = "raise"


Message = Event | Marker | End | Raise


class Read(NamedTuple):
    """The script that reads, or only publishes its marker."""

    marker: Marker
    reads: bool
    tag: str = "read"


class Apply(NamedTuple):
    """The script that writes. `base`: what an ok makes of both sides. `is_told`: it is counted as a conflict, or named."""

    epoch: int
    owner: int
    expected: Held | None
    compares: bool
    is_told: bool
    base: Base
    carries_life: bool
    tag: str = "apply"


Command = Read | Apply


class View(NamedTuple):
    """One side as an engine's subscription sees it. `marks`: positions of markers that a settlement may ask for."""

    is_on: bool = True
    queue: tuple[Message, ...] = ()
    touches: tuple[int, ...] = ()
    position: int = 0
    round: int = 1
    marks: tuple[tuple[int, int], ...] = ()
    awaited: tuple[int, ...] = ()
    gap: Gap | None = None
    reset: Gap | None = None
    since: int = 1
    awaits_raise: bool = False

    def mark(self, round_: int) -> int:
        """The position of a round's marker; 0 where nothing can lie before it."""
        for seen, position in self.marks:
            if seen == round_:
                return position
        return 0


class Answer(NamedTuple):
    """A read's answer."""

    held: Held | None


class Round(NamedTuple):
    """The round under way. `reads`: which sides are read."""

    reads: tuple[bool, bool]
    answers: tuple[Answer | None, Answer | None] = (None, None)


DEAD, STANDBY, ACTIVE = 0, 1, 2
STEADY, RAISE_SOURCE, RAISE_TARGET = 0, 1, 2


class Engine(NamedTuple):
    """An engine. `commands`: what is on its way to each server, in order."""

    role: int = DEAD
    epoch: int = 0
    phase: int = STEADY
    round: int = 0
    under_way: Round | None = None
    base: Base | None = None
    unanswered: tuple[Held | None, Held | None] = (None, None)
    has_unanswered: tuple[bool, bool] = (False, False)
    slow: bool = False
    warm: bool = False
    base_update: Base | None = None
    views: tuple[View, View] = (View(), View())
    commands: tuple[tuple[Command, ...], tuple[Command, ...]] = ((), ())


NO_ENGINE = Engine()


class Server(NamedTuple):
    """One server. `older`: what a replica that lags by one write holds."""

    held: Held | None
    lease: tuple[int, int] | None
    older: Held | None = None


class Left(NamedTuple):
    """What may still happen."""

    writes: tuple[int, int]
    deletes: tuple[int, int]
    expires: tuple[int, int]
    cuts: int
    breaks: int
    deaths: int
    zombies: int
    failovers: int
    flushes: int


class Record(NamedTuple):
    """The applications' own record since both sides were last equal.

    The values each side wrote (0: a deletion), whether it changed the life,
    whether nobody can know, and the value both held when they were equal.
    """

    written: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())
    lives: tuple[bool, bool] = (False, False)
    unclear: int = 0
    equal: int = 1


class State(NamedTuple):
    """Everything. `orphans`: per side, what lies in the buffers of connections whose engine is gone from them."""

    servers: tuple[Server, Server]
    engines: tuple[Engine, ...]
    orphans: tuple[tuple[tuple[Command, ...], ...], tuple[tuple[Command, ...], ...]]
    record: Record
    left: Left


def value_of(held: Held | None) -> int:
    return 0 if held is None else held.value


def with_at(pair: tuple[T, T], side: int, item: T) -> tuple[T, T]:
    """The pair with another item on one side."""
    return (pair[0], item) if side else (item, pair[1])
