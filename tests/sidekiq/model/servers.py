"""What the servers do with a request: the scripts of uplift/sidekiq/mover/lua, and the transaction of TargetSide."""

from __future__ import annotations

from tests.sidekiq.model.rules import Configuration
from tests.sidekiq.model.state import Answer, Chunk, InFlight, Request, Side, Source, State, Target, Verb


def ran(state: State, side: Side, request: Request, config: Configuration) -> tuple[State, Answer, Chunk | None]:
    """The state after a request, what is answered, and the chunk that was taken."""
    if side is Side.TARGET:
        target, answer = _ran_on_target(state.target, request, config)
        return (_ledger_written(state, target, config) if target != state.target else state), answer, None
    source, answer, chunk = _ran_on_source(state.source, request, config)
    if chunk is not None:
        state = _noted(state, chunk, config)
    return state._replace(source=source), answer, chunk


def _ran_on_source(source: Source, request: Request, config: Configuration) -> tuple[Source, Answer, Chunk | None]:
    number = request.number
    if request.verb is Verb.RAISE:
        is_lower = source.epoch < request.epoch
        return (source._replace(epoch=request.epoch) if is_lower else source), Answer.DONE if is_lower else Answer.NUMBER, None
    if source.epoch != request.epoch:
        return source, Answer.EPOCH, None
    if request.verb is Verb.TAKE:
        return _taken(source, number, config)
    if number <= source.confirmed:
        return source, Answer.DONE, None
    if number != source.confirmed + 1:
        return source, Answer.NUMBER, None
    outboxes = tuple(one for one in source.outboxes if one.number != number)
    return source._replace(confirmed=number, outboxes=outboxes), Answer.DONE, None


def _taken(source: Source, number: int, config: Configuration) -> tuple[Source, Answer, Chunk | None]:
    if source.following != number or any(one.number == number for one in source.outboxes):
        return source, Answer.NUMBER, None
    if not source.queue:
        return source, Answer.DONE, None
    chunk = Chunk(number, source.queue[-config.limit :])
    outboxes = (*source.outboxes, chunk) if config.rules.outbox else source.outboxes
    return source._replace(queue=source.queue[: -config.limit], following=number + 1, outboxes=outboxes), Answer.DONE, chunk


def _ran_on_target(target: Target, request: Request, config: Configuration) -> tuple[Target, Answer]:
    if request.verb is Verb.RAISE:
        if target.epoch >= request.epoch:
            return target, Answer.NUMBER
        applied = 0 if target.applied is None and request.is_first else target.applied
        return target._replace(epoch=request.epoch, applied=applied), Answer.DONE
    if request.verb is Verb.APPLY:
        if target.epoch != request.epoch:
            return target, Answer.EPOCH
        done = -1 if target.applied is None else target.applied
        if config.rules.ledger and request.chunks[0].number <= done:
            return target, Answer.DONE
        if config.rules.ledger and request.chunks[0].number != done + 1:
            return target, Answer.NUMBER
    jobs = tuple(sorted(target.jobs + tuple(job for chunk in request.chunks for job in chunk.jobs)))
    return target._replace(jobs=jobs, applied=request.chunks[-1].number), Answer.DONE


def _ledger_written(state: State, target: Target, config: Configuration) -> State:
    """Whoever watches the target's ledger will not push: a mover's EXEC answers nil, and one in flight does nothing."""
    if not config.rules.watch:
        return state._replace(target=target)
    movers = tuple(mover._replace(is_clean=False) if mover.fresh else mover for mover in state.movers)
    return state._replace(target=target, movers=movers, in_flight=tuple(one for one in state.in_flight if not _is_push(one)))


def _is_push(one: InFlight) -> bool:
    return one.requests[0].verb is Verb.PUSH


def _noted(state: State, chunk: Chunk, config: Configuration) -> State:
    """The checker's record of what was ever in the chunks of a number; needed where a server may forget."""
    if not config.bounds.failovers or config.waits:
        return state
    given = {one.number: one.jobs for one in state.given}
    given[chunk.number] = tuple(sorted({*given.get(chunk.number, ()), *chunk.jobs}))
    return state._replace(given=tuple(Chunk(number, jobs) for number, jobs in sorted(given.items())))


def is_replicated(state: State, side: Side, config: Configuration) -> bool:
    """Whether WAIT answers: the replica has had everything."""
    return not config.waits or state.replicas[side] is None or state.replicas[side] == (state.source, state.target)[side]
