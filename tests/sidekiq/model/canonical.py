"""States that cannot be told apart by what follows are one: epochs are ranks, and what can do nothing any more is gone."""

from __future__ import annotations

from tests.sidekiq.model.rules import Configuration
from tests.sidekiq.model.state import InFlight, Mover, Request, Side, State, Verb


def canonical(state: State, config: Configuration) -> State:
    """The state that stands for all that are as this one."""
    if state.in_flight:
        kept = [InFlight(one.side, requests) for one in state.in_flight if (requests := _able(state, one, config))]
        state = state._replace(in_flight=tuple(kept))
    if not state.left.failovers and not config.waits and state.replicas != (None, None):
        state = state._replace(replicas=(None, None))
    state = _ranked(state)
    in_flight = tuple(sorted(state.in_flight)) if len(state.in_flight) > 1 else state.in_flight
    movers = tuple(sorted(state.movers, key=repr)) if len(state.movers) > 1 else state.movers
    return state._replace(movers=movers, in_flight=in_flight)


def _able(state: State, one: InFlight, config: Configuration) -> tuple[Request, ...]:
    """Requests that would still do something. Epochs and numbers of a server only fall with a failover, which cuts all connections."""
    return tuple(request for request in one.requests if _is_able(state, one.side, request, config))


def _is_able(state: State, side: Side, request: Request, config: Configuration) -> bool:
    server = state.source if side is Side.SOURCE else state.target
    if request.verb is Verb.RAISE:
        return server.epoch < request.epoch
    if server.epoch != request.epoch:
        return request.verb is Verb.PUSH and not config.rules.watch
    match request.verb:
        case Verb.TAKE:
            return state.source.following <= request.number
        case Verb.CONFIRM:
            return state.source.confirmed < request.number
        case Verb.APPLY:
            return not config.rules.ledger or (state.target.applied or 0) < request.chunks[0].number
        case _:
            return True


def _ranked(state: State) -> State:
    """Epochs as ranks. A gap of more than one counts as two: the next epoch of whoever read the lower one is still between them."""
    source, target = state.source, state.target
    values = {0, source.epoch, target.epoch}
    for replica in state.replicas:
        if replica is not None:
            values.add(replica.epoch)
    for mover in state.movers:
        values.add(mover.epoch)
        values.add(mover.known.epoch)
    for one in state.in_flight:
        values.update(request.epoch for request in one.requests)
    ranks, last, rank = {}, 0, 0
    for value in sorted(values):
        rank += min(value - last, 2)
        last = value
        ranks[value] = rank
    if rank == last:
        return state
    old_source, old_target = state.replicas
    return state._replace(
        source=source._replace(epoch=ranks[source.epoch]),
        target=target._replace(epoch=ranks[target.epoch]),
        replicas=(
            old_source and old_source._replace(epoch=ranks[old_source.epoch]),
            old_target and old_target._replace(epoch=ranks[old_target.epoch]),
        ),
        movers=tuple(_ranked_mover(mover, ranks) for mover in state.movers),
        in_flight=tuple(
            one._replace(requests=tuple(request._replace(epoch=ranks[request.epoch]) for request in one.requests))
            for one in state.in_flight
        ),
    )


def _ranked_mover(mover: Mover, ranks: dict[int, int]) -> Mover:
    return mover._replace(
        epoch=ranks[mover.epoch],
        known=mover.known._replace(epoch=ranks[mover.known.epoch]),
        sent=tuple(request._replace(epoch=ranks[request.epoch]) for request in mover.sent),
    )
