"""How much may happen (Bounds) and which parts of the protocol are in force (Rules)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rules:
    """The protocol as it is. Each switch that is turned is a control, which must break it."""

    outbox: bool = True
    """Off: jobs are popped, and then pushed."""
    confirms_what_is_applied: bool = True
    """Off: an outbox is let go before its chunk is applied."""
    ledger: bool = True
    """Off: a chunk is applied whatever the target's ledger says of its number."""
    watch: bool = True
    """Off: nothing holds between the look at the target's ledger and the push."""
    waits_where_it_wrote: bool = True
    """Off: a mover that loses its connection to the source before WAIT waits over a new one."""
    epoch_when_reading: bool = True
    """Off: ledgers are believed whoever's epoch they have."""
    looks_again: bool = True
    """Off: a mover that has nothing to do asks nothing, and takes it that all is moved."""
    epoch_before_stop: bool = True
    """Off: a stop is not held against the epochs once more."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How often what may happen.

    `late`: deaths that leave requests in flight; `cuts`: of both connections of a mover, with its requests in flight; `beside`: movers that
    begin while another one works; `failovers`: of either server, to what its replica had; `pops`, `requeues`: of an old worker.
    """

    deaths: int = 0
    late: int = 0
    cuts: int = 0
    beside: int = 0
    failovers: int = 0
    pops: int = 0
    requeues: int = 0


@dataclass(frozen=True, slots=True)
class Configuration:
    """What is explored: `jobs` on the source at the start, `limit` jobs a chunk, `depth` takes a step; `is_set`: jobs of a sorted set,
    which one script applies; `waits`: replicas are waited for; `begins_at_once`: epochs are read and raised in one step.
    """

    name: str
    bounds: Bounds
    rules: Rules = Rules()
    jobs: int = 3
    limit: int = 2
    depth: int = 1
    is_set: bool = False
    waits: bool = False
    begins_at_once: bool = False
