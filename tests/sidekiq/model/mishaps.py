"""What happens to movers and servers: starts, deaths, cuts, late requests, failovers; and an old worker."""

from __future__ import annotations

from collections.abc import Iterator

from tests.sidekiq.model.begin import again, raising
from tests.sidekiq.model.rules import Configuration
from tests.sidekiq.model.servers import ran
from tests.sidekiq.model.state import InFlight, Mover, Next, Phase, Side, State, with_mover
from tests.sidekiq.model.step import pushing

_AT_WORK = frozenset(set(Phase) - {Phase.DEAD, Phase.STOPPED})


def mishaps(state: State, config: Configuration) -> Iterator[Next]:
    """Everything that may happen beside the movers' own work."""
    for me, mover in enumerate(state.movers):
        if mover.phase is Phase.DEAD:
            yield from _started(state, me)
        elif mover.phase in _AT_WORK:
            yield from _died(state, me, config)
            yield from _cut(state, me, config)
    yield from _arrived(state, config)
    for side in Side:
        yield from _failed_over(state, side, config)
    yield from _worked(state)


def _started(state: State, me: int) -> Iterator[Next]:
    """Always where no other one works."""
    others = any(mover.phase in _AT_WORK for mover in state.movers)
    if others and not state.left.beside:
        return
    if others:
        state = state._replace(left=state.left._replace(beside=state.left.beside - 1))
    yield f"mover {me} starts", with_mover(state, me, Mover(Phase.READ_SOURCE_EPOCH)), None


def _sent(mover: Mover, config: Configuration) -> tuple[InFlight, ...]:
    """The writes that a mover has sent, or is about to, and that no server has run."""
    found = [InFlight(Side.SOURCE, mover.sent)] if mover.sent else []
    if (raised := raising(mover)) is not None:
        found.append(InFlight(raised[0], (raised[1],)))
    # A push whose watch is spoilt does nothing.
    if (push := pushing(mover, config.is_set)) is not None and (mover.is_clean or not config.rules.watch):
        found.append(InFlight(Side.TARGET, (push,)))
    return tuple(one for one in found if not mover.is_cut[one.side])


def _died(state: State, me: int, config: Configuration) -> Iterator[Next]:
    left = state.left
    if not left.deaths:
        return
    dead = with_mover(state, me, Mover())._replace(left=left._replace(deaths=left.deaths - 1))
    yield f"mover {me} dies", dead, None
    sent = _sent(state.movers[me], config)
    if left.late and sent:
        late = dead.left._replace(late=left.late - 1)
        yield f"mover {me} dies, {_told(sent)} in flight", dead._replace(left=late, in_flight=state.in_flight + sent), None


def _cut(state: State, me: int, config: Configuration) -> Iterator[Next]:
    """Both connections of a mover break: it begins again, and what it sent is on its way."""
    if not state.left.cuts:
        return
    mover = state.movers[me]
    sent = _sent(mover, config)
    after = with_mover(state, me, again(mover))._replace(left=state.left._replace(cuts=state.left.cuts - 1))
    yield f"mover {me} is cut off, {_told(sent)} in flight", after._replace(in_flight=state.in_flight + sent), None


def _told(sent: tuple[InFlight, ...]) -> str:
    return ", ".join(request.verb.name.lower() for one in sent for request in one.requests) or "nothing"


def _arrived(state: State, config: Configuration) -> Iterator[Next]:
    """What is in flight is run. It need not: an end may come before."""
    for at, one in enumerate(state.in_flight):
        rest = (one._replace(requests=one.requests[1:]),) if one.requests[1:] else ()
        after = state._replace(in_flight=state.in_flight[:at] + rest + state.in_flight[at + 1 :])
        after, answer, _ = ran(after, one.side, one.requests[0], config)
        text = f"a late {one.requests[0].verb.name.lower()} comes to the {one.side.name.lower()}: {answer.name.lower()}"
        yield text, after, None


def _failed_over(state: State, side: Side, config: Configuration) -> Iterator[Next]:
    """The replica gets everything; or it is promoted as it is, and all connections are gone."""
    server, replica = (state.source, state.target)[side], state.replicas[side]
    if replica is None or replica == server:
        return
    yield f"the {side.name.lower()}'s replica gets everything", _replicated(state, side), None
    if not state.left.failovers:
        return
    left = state.left._replace(failovers=state.left.failovers - 1)
    movers = tuple(_cut_at(mover, side) if mover.phase in _AT_WORK else mover for mover in state.movers)
    in_flight = tuple(one for one in state.in_flight if one.side is not side)
    after = state._replace(movers=movers, in_flight=in_flight, left=left, is_rolled_back=True)
    after = after._replace(source=replica) if side is Side.SOURCE else after._replace(target=replica)  # type: ignore[arg-type]
    yield f"the {side.name.lower()} fails over and forgets", after, None


def _replicated(state: State, side: Side) -> State:
    source, target = state.replicas
    if side is Side.SOURCE and source is not None:
        return state._replace(replicas=(state.source, target))
    return state._replace(replicas=(source, state.target)) if side is Side.TARGET and target is not None else state


def _cut_at(mover: Mover, side: Side) -> Mover:
    is_cut = (True, mover.is_cut[1]) if side is Side.SOURCE else (mover.is_cut[0], True)
    return mover._replace(is_cut=is_cut)


def _worked(state: State) -> Iterator[Next]:
    """An old worker pops the oldest job, and does it or puts it back where it was. What it does is replicated at once: what a server
    forgets of a worker is no mover's doing.
    """
    source, left = state.source, state.left
    if left.pops and source.queue and not state.held:
        popped = state._replace(
            source=source._replace(queue=source.queue[:-1]), held=source.queue[-1:], left=left._replace(pops=left.pops - 1)
        )
        yield f"an old worker pops job {source.queue[-1]}", _replicated(popped, Side.SOURCE), None
    if state.held:
        done = tuple(sorted(state.done + state.held))
        yield f"the old worker has done job {state.held[0]}", state._replace(held=(), done=done), None
        if left.requeues:
            back = state._replace(source=source._replace(queue=source.queue + state.held), held=())
            back = back._replace(left=left._replace(requeues=left.requeues - 1))
            yield f"the old worker puts job {state.held[0]} back", _replicated(back, Side.SOURCE), None
