"""One step of a mover, as Mover._step: while the target applies what was taken last, the source confirms what was applied before and takes.

A take and the LRANGE behind it are one: an outbox that goes between them was confirmed by a mover with a higher epoch on both sides.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.sidekiq.model.begin import again
from tests.sidekiq.model.rules import Configuration
from tests.sidekiq.model.servers import is_replicated, ran
from tests.sidekiq.model.state import Answer, Applying, InFlight, Mover, Next, Request, Side, State, Verb, with_mover


def stepping(state: State, me: int, config: Configuration) -> Iterator[Next]:
    """What may come next of a mover that has begun."""
    mover = state.movers[me]
    if mover.applying is Applying.NO_STEP:
        yield from _sent(state, me, config)
        return
    if mover.sent and not mover.is_cut[Side.SOURCE]:
        yield _source_ran(state, me, config)
    if mover.applying is Applying.DONE:
        yield from _received(state, me, config)
    elif mover.is_cut[Side.TARGET]:
        yield begun_again(state, me, "its connection to the target is gone")
    elif mover.applying is Applying.WAIT:
        if is_replicated(state, Side.TARGET, config):
            yield f"mover {me}: the target's replica has it", with_mover(state, me, _applied(mover)), None
    elif mover.applying is Applying.LOOK and not config.is_set:
        yield _looked(state, me, config)
    else:
        yield _pushed(state, me, config)


def pushing(mover: Mover, is_set: bool) -> Request | None:
    """The write that a mover is about to send to the target."""
    if is_set and mover.applying is Applying.LOOK:
        return Request(Verb.APPLY, mover.epoch, chunks=mover.fresh[:1])
    if mover.applying is Applying.PUSH:
        return Request(Verb.PUSH, mover.epoch, chunks=mover.fresh)
    return None


def begun_again(state: State, me: int, why: str) -> Next:
    """BeginAgain in a step: what the source did not run yet stays on its way."""
    mover = state.movers[me]
    state = with_mover(state, me, again(mover))
    return f"mover {me}: {why}, it begins again", _left_in_flight(state, mover), None


def _left(state: State, me: int, why: str) -> Next:
    mover = state.movers[me]
    return f"mover {me}: {why}, another mover works", _left_in_flight(with_mover(state, me, Mover()), mover), None


def _left_in_flight(state: State, mover: Mover) -> State:
    if not mover.sent or mover.is_cut[Side.SOURCE]:
        return state
    return state._replace(in_flight=(*state.in_flight, InFlight(Side.SOURCE, mover.sent)))


def _sent(state: State, me: int, config: Configuration) -> Iterator[Next]:
    mover = state.movers[me]
    # A take of an empty queue does nothing; one that comes when there is something again is as one that was sent then.
    ahead = range(config.depth if state.source.queue else 0)
    if not (mover.waiting or mover.applied or ahead):
        yield from _looked_again(state, me, config)
        return
    confirmed = mover.applied if config.rules.confirms_what_is_applied else tuple(chunk.number for chunk in mover.waiting)
    requests = [Request(Verb.CONFIRM, mover.epoch, number) for number in confirmed]
    requests += [Request(Verb.TAKE, mover.epoch, mover.following + one) for one in ahead]
    after = mover._replace(applied=(), sent=tuple(requests), fresh=mover.waiting, applying=Applying.LOOK)
    if not mover.waiting:
        after = after._replace(applying=Applying.DONE)
    text = ", ".join(f"{request.verb.name.lower()} {request.number}" for request in requests)
    yield f"mover {me} sends to the source: {text or 'nothing'}", with_mover(state, me, after), None


def _looked_again(state: State, me: int, config: Configuration) -> Iterator[Next]:
    """A mover that has nothing to do reads both ledgers again, as Mover._look_again."""
    mover, source, target = state.movers[me], state.source, state.target
    if not config.rules.looks_again:
        return
    if any(mover.is_cut):
        yield begun_again(state, me, "a connection is gone")
    elif max(source.epoch, target.epoch) > mover.epoch:
        yield _left(state, me, "it reads both ledgers again")
    elif (source.following, source.confirmed, target.applied) != (mover.following, mover.following - 1, mover.following - 1):
        yield begun_again(state, me, "the ledgers are not as it left them")


def _source_ran(state: State, me: int, config: Configuration) -> Next:
    mover = state.movers[me]
    request = mover.sent[0]
    state, answer, chunk = ran(state, Side.SOURCE, request, config)
    # Behind a take that found nothing the others have numbers that are not their turn: their answers are not looked at.
    took_nothing = request.verb is Verb.TAKE and answer is Answer.DONE and chunk is None
    mover = mover._replace(
        sent=() if took_nothing else mover.sent[1:],
        taken=mover.taken if chunk is None else (*mover.taken, chunk),
        worst=mover.worst or answer,
    )
    what = f"{chunk.jobs} " if chunk else ""
    return (
        f"the source runs mover {me}'s {request.verb.name.lower()} {request.number}: {what}{answer.name.lower()}",
        with_mover(state, me, mover),
        None,
    )


def _looked(state: State, me: int, config: Configuration) -> Next:
    """WATCH, and the replies are read."""
    mover, target = state.movers[me], state.target
    if target.epoch != mover.epoch:
        return _left(state, me, "it looks at the target's ledger")
    done = -1 if target.applied is None else target.applied
    new = tuple(chunk for chunk in mover.fresh if chunk.number > done or not config.rules.ledger)
    if not new:
        after = mover._replace(fresh=(), applying=Applying.WAIT)
        return f"mover {me} sees that its chunks are applied", with_mover(state, me, _unless_waits(after, config)), None
    if config.rules.ledger and new[0].number != done + 1:
        return begun_again(state, me, "it is not its chunk's turn")
    after = mover._replace(fresh=new, is_clean=True, applying=Applying.PUSH)
    return f"mover {me} looks at the target's ledger: {done} applied", with_mover(state, me, after), None


def _pushed(state: State, me: int, config: Configuration) -> Next:
    """EXEC, or the script of a sorted set."""
    mover = state.movers[me]
    request = pushing(mover, config.is_set)
    assert request is not None
    if request.verb is Verb.PUSH and not mover.is_clean and config.rules.watch:
        return begun_again(state, me, "somebody wrote to the target's ledger")
    rest = () if request.verb is Verb.PUSH else mover.fresh[1:]
    state, answer, _ = ran(with_mover(state, me, mover._replace(fresh=())), Side.TARGET, request, config)
    if answer is Answer.EPOCH:
        return _left(with_mover(state, me, mover), me, "it applies")
    if answer is Answer.NUMBER:
        return begun_again(with_mover(state, me, mover), me, "it is not its chunk's turn")
    after = mover._replace(fresh=rest, is_clean=True, applying=Applying.LOOK if rest else Applying.WAIT)
    numbers = [chunk.number for chunk in request.chunks]
    return f"mover {me} applies {numbers}", with_mover(state, me, after if rest else _unless_waits(after, config)), None


def _unless_waits(mover: Mover, config: Configuration) -> Mover:
    return mover if config.waits else _applied(mover)


def _applied(mover: Mover) -> Mover:
    numbers = tuple(chunk.number for chunk in mover.waiting)
    return mover._replace(applying=Applying.DONE, waiting=(), applied=numbers, seen_applied=numbers[-1])


def _received(state: State, me: int, config: Configuration) -> Iterator[Next]:
    """The source's answers are read when the target's part is done."""
    mover = state.movers[me]
    if mover.is_cut[Side.SOURCE] and (mover.sent or config.rules.waits_where_it_wrote):
        yield begun_again(state, me, "its connection to the source is gone")
        return
    if mover.sent or not (is_replicated(state, Side.SOURCE, config) or mover.is_cut[Side.SOURCE]):
        return
    if mover.worst is Answer.EPOCH:
        yield _left(state, me, "the source refuses")
    elif mover.worst is Answer.NUMBER:
        yield begun_again(state, me, "the source refuses")
    else:
        after = mover._replace(taken=(), applying=Applying.NO_STEP, is_cut=(False, mover.is_cut[Side.TARGET]))
        if not config.rules.confirms_what_is_applied:
            after = after._replace(applied=())
        if mover.taken:
            following = mover.taken[-1].number + 1
            after = after._replace(waiting=mover.taken, following=following, seen_following=following)
        yield f"mover {me} reads the source's answers", with_mover(state, me, after), None
