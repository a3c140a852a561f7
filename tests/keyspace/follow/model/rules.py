"""How much may happen (Bounds) and which parts of the protocol are in force (Rules)."""

from __future__ import annotations

from dataclasses import dataclass

from uplift.keyspace.follow.key_state import Side


@dataclass(frozen=True, slots=True)
class Rules:
    """The protocol as it is. Each switch that is turned is an ablation."""

    fence: bool = True
    compare: bool = True
    brackets: bool = True
    base: bool = True
    lease: bool = True
    owner_in_lease: bool = True
    expire_is_a_life: bool = True
    gap_is_a_change: bool = True
    """Off: what changed in a gap is given to the authority."""
    failover_is_a_reset: bool = True
    """Off: a failover is taken for a gap."""
    cleared_by_read: bool = True
    """Off: a gap is over for the key when a write comes back, whenever that was read."""
    cold_is_a_gap: bool = True
    unanswered_is_a_base: bool = True
    """What was sent and not answered for counts as a base of the side it was sent to."""
    unanswered_on_one_side: bool = True
    """Off: and of the other side too."""
    unanswered_is_net: bool = True
    """Of a write that was sent and not answered for and a change in a gap of the other side, the change wins."""
    raises_after_cut: bool = True
    """The active raises its own epoch after a reconnect."""
    newer_base_only: bool = True
    """An end or a base update that is older than the one known is not taken."""
    waits_for_raise: bool = True
    """Who takes over sends its first round when its raise came back on both streams."""
    base_update_in_marker: bool = True
    """A marker carries the base update of a key that was found equal in the round before."""
    inherits_gaps: bool = True
    """A marker carries the gaps and resets of the active, and a standby takes them over."""
    raise_tells_of_flush: bool = True
    """The message of a raise says whether the lease was missing, so that a standby knows of the flush as well."""
    answer_settles: bool = True
    """An ok settles the touches of the side that was read up to its marker, even where the end of the bracket is lost."""
    fast_path: bool = True
    two_way: bool = True


@dataclass(frozen=True, slots=True)
class Bounds:
    """How often what may happen. `cuts`: of a subscription; `breaks`: of a command connection."""

    writes: tuple[int, int] = (1, 1)
    deletes: tuple[int, int] = (0, 0)
    expires: tuple[int, int] = (0, 0)
    cuts: int = 0
    breaks: int = 0
    deaths: int = 0
    zombies: int = 0
    failovers: int = 0
    flushes: int = 0
    cut_side: Side | None = None
    """Where cuts, breaks, failovers and flushes are; None: on either side."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """What is explored. `start`: `one` (an active engine), `two` (and a warm standby), `late` (and a standby that has just begun), or
    `orphans` (two warm standbys of an active one that is gone).
    """

    name: str
    bounds: Bounds
    rules: Rules = Rules()
    start: str = "one"
    lags: tuple[bool, bool] = (True, True)
    """Per engine: whether messages wait on their way to it. One that never lags hears each in the order of execution on both sides."""
    authority: Side = Side.SOURCE
    is_there: bool = True
    """Whether the key is there at the start."""
