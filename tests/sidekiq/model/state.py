"""The state: two servers and what their replicas have, movers, requests in flight without a mover, an old worker."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

Jobs = tuple[int, ...]


class Side(IntEnum):
    """Of a handover."""

    SOURCE = 0
    TARGET = 1


class Chunk(NamedTuple):
    """As uplift.sidekiq.mover.chunk: jobs under one number, which are of one place here."""

    number: int
    jobs: Jobs


class Source(NamedTuple):
    """`queue`: the oldest job is the last; `outboxes` as chunks; the ledger's `epoch`, `next` and `conf`."""

    queue: Jobs
    epoch: int = 0
    following: int = 1
    confirmed: int = 0
    outboxes: tuple[Chunk, ...] = ()


class Target(NamedTuple):
    """`jobs` in no order; the ledger's `epoch` and `applied`."""

    jobs: Jobs = ()
    epoch: int = 0
    applied: int | None = None


class Verb(IntEnum):
    """What a request writes."""

    RAISE = 0
    TAKE = 1
    CONFIRM = 2
    PUSH = 3
    APPLY = 4


class Request(NamedTuple):
    """A write. `chunks`: of PUSH and APPLY; `is_first`: of RAISE on the target, as TargetSide.raise_epoch has it."""

    verb: Verb
    epoch: int
    number: int = 0
    chunks: tuple[Chunk, ...] = ()
    is_first: bool = False


class InFlight(NamedTuple):
    """What is on its way over a connection that its mover knows no more, in the order in which it was sent."""

    side: Side
    requests: tuple[Request, ...]


class Phase(IntEnum):
    """Where a mover is: Mover._connected, Mover._begin, then steps."""

    DEAD = 0
    READ_SOURCE_EPOCH = 1
    READ_TARGET_EPOCH = 2
    RAISE_SOURCE = 3
    READ_IS_FIRST = 4
    RAISE_TARGET = 5
    READ_SOURCE = 6
    READ_OUTBOXES = 7
    READ_TARGET = 8
    READ_EPOCH_AGAIN = 9
    READ_CHUNKS = 10
    WAIT_SOURCE = 11
    WAIT_TARGET = 12
    STEADY = 13
    STOPPED = 14


class Applying(IntEnum):
    """Where the target's part of a step is. NO_STEP: none is under way."""

    NO_STEP = 0
    LOOK = 1
    PUSH = 2
    WAIT = 3
    DONE = 4


class Answer(IntEnum):
    """What a script answers."""

    DONE = 0
    EPOCH = 1
    NUMBER = 2


class Known(NamedTuple):
    """What a mover that begins has read of both ledgers."""

    is_first: bool = False
    epoch: int = 0
    following: int = 1
    confirmed: int = 0
    outboxes: tuple[int, ...] = ()
    applied: int | None = None


class Mover(NamedTuple):
    """`following`, `applied_seen`: what it saw for sure (resuming.Seen); `is_cut`: which connections are gone without its knowing.

    In a step: `sent`, what the source has not run yet; `taken` and `worst` of its answers; `fresh`, what is to be pushed; `is_clean`,
    whether the watched ledger is as it was.
    """

    phase: Phase = Phase.DEAD
    epoch: int = 0
    seen_following: int = 1
    seen_applied: int = 0
    is_cut: tuple[bool, bool] = (False, False)
    known: Known = Known()
    following: int = 0
    waiting: tuple[Chunk, ...] = ()
    applied: Jobs = ()
    sent: tuple[Request, ...] = ()
    taken: tuple[Chunk, ...] = ()
    worst: Answer = Answer.DONE
    applying: Applying = Applying.NO_STEP
    fresh: tuple[Chunk, ...] = ()
    is_clean: bool = True


class Left(NamedTuple):
    """What may still happen, as rules.Bounds."""

    deaths: int
    late: int
    cuts: int
    beside: int
    failovers: int
    pops: int
    requeues: int


class State(NamedTuple):
    """`replicas`: what they have, where a failover may come. `held`, `done`: an old worker's jobs. `given`: what was ever in the chunks of
    a number, and `is_rolled_back`: the checker's own record.
    """

    source: Source
    target: Target
    replicas: tuple[Source | None, Target | None]
    movers: tuple[Mover, ...]
    in_flight: tuple[InFlight, ...]
    held: Jobs
    done: Jobs
    left: Left
    given: tuple[Chunk, ...] = ()
    is_rolled_back: bool = False


Next = tuple[str, State, str | None]
"""What happened, the state after it, and what is wrong with it."""


def with_mover(state: State, me: int, mover: Mover) -> State:
    return state._replace(movers=(*state.movers[:me], mover, *state.movers[me + 1 :]))
