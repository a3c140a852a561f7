"""What is explored: configurations that hold, and controls that do not."""

from __future__ import annotations

from tests.sidekiq.model.rules import Bounds, Configuration, Rules

HOLDING = (
    Configuration("one mover, 3 deaths, 3 late", Bounds(deaths=3, late=3)),
    Configuration("one mover, depth 2, chunks of 1, 3 deaths, 2 late", Bounds(deaths=3, late=2), limit=1, depth=2),
    Configuration("one mover of a sorted set, 3 deaths, 3 late", Bounds(deaths=3, late=3), is_set=True),
    Configuration("one mover, 2 cuts, 2 deaths", Bounds(deaths=2, cuts=2)),
    Configuration("an old worker, a requeue, 2 deaths, 1 late", Bounds(deaths=2, late=1, pops=2, requeues=1)),
    Configuration("two movers, 1 death", Bounds(beside=1, deaths=1)),
    Configuration("two movers of a sorted set", Bounds(beside=1), is_set=True),
    Configuration("failover, waits, 2 deaths, 1 late", Bounds(deaths=2, late=1, failovers=1), waits=True),
    Configuration("failover, waits, an old worker, 1 death", Bounds(deaths=1, failovers=1, pops=2, requeues=1), waits=True),
    Configuration("two failovers, waits, 1 death", Bounds(deaths=1, failovers=2), waits=True),
    Configuration("failover, 1 death, 1 late", Bounds(deaths=1, late=1, failovers=1)),
)
LARGER = (
    Configuration("an old worker, a requeue, 3 deaths, 3 late", Bounds(deaths=3, late=3, pops=3, requeues=1)),
    Configuration("two movers, 2 deaths, 2 late", Bounds(beside=1, deaths=2, late=2)),
    Configuration("two movers, 3 deaths, 3 late, epochs at once", Bounds(beside=1, deaths=3, late=3), begins_at_once=True),
    Configuration("two movers, begun twice beside, 2 deaths, epochs at once", Bounds(beside=2, deaths=2, late=2), begins_at_once=True),
    Configuration("two movers of a sorted set, 2 deaths, 2 late", Bounds(beside=1, deaths=2, late=2), is_set=True),
    Configuration(
        "two movers, an old worker, 1 death, epochs at once",
        Bounds(beside=1, deaths=1, late=1, pops=2, requeues=1),
        begins_at_once=True,
    ),
    Configuration("failover, waits, an old worker, 3 deaths", Bounds(deaths=3, late=1, failovers=1, pops=2, requeues=1), waits=True),
    Configuration("failover, 3 deaths, 2 late", Bounds(deaths=3, late=2, failovers=1)),
    Configuration("two movers, failover, waits", Bounds(beside=1, failovers=1), waits=True),
    Configuration(
        "two movers, failover, waits, 1 death, epochs at once",
        Bounds(beside=1, deaths=1, failovers=1),
        waits=True,
        begins_at_once=True,
    ),
    Configuration("two movers, failover, epochs at once", Bounds(beside=1, failovers=1), begins_at_once=True),
)


def _control(name: str, rules: Rules, *, waits: bool = False, is_set: bool = False, **bounds: int) -> Configuration:
    """Epochs are taken in one step: the traces are shorter."""
    return Configuration(name, Bounds(**bounds), rules, waits=waits, is_set=is_set, begins_at_once=True)


CONTROLS = (
    _control("pop then push", Rules(outbox=False), deaths=1),
    _control("outbox dropped before the apply", Rules(confirms_what_is_applied=False), deaths=1),
    _control("ledger off", Rules(ledger=False), deaths=1),
    _control("ledger off, a sorted set", Rules(ledger=False), is_set=True, deaths=1),
    _control("no WATCH", Rules(watch=False), deaths=1, late=1),
    _control("WAIT on a new connection", Rules(waits_where_it_wrote=False), waits=True, failovers=1),
    _control("no look at the ledgers when all is moved", Rules(looks_again=False), failovers=1),
    _control("epoch not checked at reading", Rules(epoch_when_reading=False, epoch_before_stop=False), beside=1),
)
BY_NAME = {config.name: config for config in (*HOLDING, *LARGER, *CONTROLS)}
