"""One moment of the model, and what is allowed to go wrong in it."""

from __future__ import annotations

from dataclasses import dataclass

from uplift.split.record.asked import Answer, HookWord, Wish
from uplift.split.record.stage import Side, Stage
from uplift.split.record.steps import Command, Unfinished


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many of each there may be in one history."""

    asks: int = 3
    deaths: int = 2
    failures: int = 1
    zombies: bool = True


@dataclass(frozen=True, slots=True)
class Configuration:
    """The controls leave a part of the protocol out."""

    name: str
    bounds: Bounds
    checks_revision: bool = True
    keeps_unfinished: bool = True
    undoes_only_before_the_flip: bool = True
    repeats_hook: bool = False
    stores_intent: bool = True


@dataclass(frozen=True, slots=True)
class AtAsking:
    """As it was when a command was taken."""

    stage: Stage
    pointer: Side
    hook_runs: int


@dataclass(frozen=True, slots=True)
class Late:
    """What an engine that is thought dead may still write: the pointer, if the record is still of this revision."""

    side: Side
    revision: int


@dataclass(frozen=True, slots=True)
class State:
    """`engine`: the number of the one that leads; None: none lives. `effect_is_done`: by it, of the latest step. `hook_runs` and
    `hook_allowed` since the first go; `hook_is_owed`: it failed, or nobody knows, and nobody has said since that it is done. `broken`:
    what of the promise does not hold.
    """

    stage: Stage = Stage.OLD
    pointer: Side = Side.OLD
    command: Command | None = None
    unfinished: Unfinished | None = None
    revision: int = 0
    engine: int | None = 1
    engines: int = 1
    effect_is_done: bool = False
    hook_runs: int = 0
    hook_allowed: int = 0
    hook_is_owed: bool = False
    asking: AtAsking | None = None
    late: Late | None = None
    asks: int = 0
    deaths: int = 0
    failures: int = 0
    broken: str | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """What an operator may ask."""

    wish: Wish
    hook: HookWord | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """An answer, for the promise."""

    wish: Wish
    answer: Answer
