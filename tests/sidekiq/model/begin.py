"""A mover that begins: epochs, source first, then both ledgers, and what is made of them by the code's own decision."""

from __future__ import annotations

from collections.abc import Iterator

from tests.sidekiq.model import promise
from tests.sidekiq.model.rules import Configuration
from tests.sidekiq.model.servers import is_replicated, ran
from tests.sidekiq.model.state import Answer, Chunk, Known, Mover, Next, Phase, Request, Side, State, Verb, with_mover
from uplift.sidekiq.mover.resuming import Leave, Resume, Seen, SourceLedger, Stop, TargetLedger, resume

_ON_TARGET = frozenset({Phase.READ_TARGET_EPOCH, Phase.RAISE_TARGET, Phase.READ_TARGET, Phase.WAIT_TARGET})


def again(mover: Mover) -> Mover:
    """BeginAgain: everything in memory is forgotten, but for what it saw."""
    return Mover(Phase.READ_SOURCE_EPOCH, seen_following=mover.seen_following, seen_applied=mover.seen_applied)


def raising(mover: Mover) -> tuple[Side, Request] | None:
    """The request of a mover that is about to raise an epoch."""
    if mover.phase is Phase.RAISE_SOURCE:
        return Side.SOURCE, Request(Verb.RAISE, mover.epoch)
    if mover.phase is Phase.RAISE_TARGET:
        return Side.TARGET, Request(Verb.RAISE, mover.epoch, is_first=mover.known.is_first)
    return None


def beginning(state: State, me: int, config: Configuration) -> Iterator[Next]:
    """The next step of a mover that begins."""
    mover = state.movers[me]
    side = Side.TARGET if mover.phase in _ON_TARGET else Side.SOURCE
    if mover.is_cut[side]:
        yield f"mover {me}'s connection to the {side.name.lower()} is gone: it begins again", with_mover(state, me, again(mover)), None
    elif raising(mover) is not None:
        yield _raised(state, me, config)
    elif mover.phase is Phase.READ_EPOCH_AGAIN:
        yield _stopped(state, me, config)
    elif mover.phase is Phase.READ_CHUNKS:
        yield _chunks_read(state, me, config)
    elif mover.phase in {Phase.WAIT_SOURCE, Phase.WAIT_TARGET}:
        if is_replicated(state, side, config):
            yield _waited(state, me)
    else:
        yield _read(state, me, config)


def _read(state: State, me: int, config: Configuration) -> Next:
    mover, source, target = state.movers[me], state.source, state.target
    known = mover.known
    match mover.phase:
        case Phase.READ_SOURCE_EPOCH if config.begins_at_once:
            return _begun_at_once(state, me, config)
        case Phase.READ_SOURCE_EPOCH:
            after = mover._replace(phase=Phase.READ_TARGET_EPOCH, epoch=source.epoch)
        case Phase.READ_TARGET_EPOCH:
            after = mover._replace(phase=Phase.RAISE_SOURCE, epoch=max(mover.epoch, target.epoch) + 1)
        case Phase.READ_IS_FIRST:
            after = mover._replace(phase=Phase.RAISE_TARGET, known=Known(is_first=source.following == 1))
        case Phase.READ_SOURCE:
            known = Known(epoch=source.epoch, following=source.following, confirmed=source.confirmed)
            after = mover._replace(phase=Phase.READ_OUTBOXES, known=known)
        case Phase.READ_OUTBOXES:
            there = {one.number for one in source.outboxes}
            numbers = tuple(number for number in range(known.confirmed + 1, known.following) if number in there)
            after = mover._replace(phase=Phase.READ_TARGET, known=known._replace(outboxes=numbers))
        case _:
            return _both_read(state, me, config)
    return f"mover {me}: {mover.phase.name}", with_mover(state, me, after), None


def _begun_at_once(state: State, me: int, config: Configuration) -> Next:
    epoch = max(state.source.epoch, state.target.epoch) + 1
    both = (
        (Side.SOURCE, Request(Verb.RAISE, epoch)),
        (Side.TARGET, Request(Verb.RAISE, epoch, is_first=state.source.following == 1)),
    )
    for side, request in both:
        state, _, _ = ran(state, side, request, config)
    mover = state.movers[me]._replace(phase=Phase.READ_SOURCE, epoch=epoch)
    return f"mover {me} raises both epochs to {epoch}", with_mover(state, me, mover), None


def _raised(state: State, me: int, config: Configuration) -> Next:
    mover = state.movers[me]
    found = raising(mover)
    assert found is not None
    side, request = found
    state, answer, _ = ran(state, side, request, config)
    text = f"mover {me} raises the {side.name.lower()}'s epoch to {mover.epoch}"
    if answer is not Answer.DONE:
        return text + ": refused", with_mover(state, me, again(mover)), None
    phase = Phase.READ_IS_FIRST if side is Side.SOURCE else Phase.READ_SOURCE
    return text, with_mover(state, me, mover._replace(phase=phase, known=Known())), None


def _decided(mover: Mover, known: Known, target_epoch: int, config: Configuration) -> Resume | Leave | Stop:
    """What Mover._begin makes of both ledgers."""
    source = SourceLedger(known.epoch, known.following, known.confirmed, frozenset(known.outboxes))
    target = TargetLedger(target_epoch, known.applied)
    if not config.rules.epoch_when_reading:
        source, target = (
            SourceLedger(mover.epoch, source.following, source.confirmed, source.outboxes),
            TargetLedger(mover.epoch, target.applied),
        )
    return resume(source, target, mover.epoch, Seen(mover.seen_following, mover.seen_applied))


def _both_read(state: State, me: int, config: Configuration) -> Next:
    mover = state.movers[me]
    known = mover.known._replace(applied=state.target.applied)
    text = f"mover {me} reads both ledgers (next {known.following}, confirmed {known.confirmed}; applied {known.applied})"
    match _decided(mover, known, state.target.epoch, config):
        case Leave():
            return f"{text}: another mover works", with_mover(state, me, Mover()), None
        case Resume():
            after = mover._replace(phase=Phase.READ_CHUNKS, known=known)
            return f"{text}: goes on", with_mover(state, me, after), None if any(mover.is_cut) else promise.gone_on(state, config)
        case Stop() as stop:
            after = mover._replace(phase=Phase.READ_EPOCH_AGAIN, known=known)
            return f"{text}: {stop.reason}", with_mover(state, me, after), None


def _stopped(state: State, me: int, config: Configuration) -> Next:
    """Both epochs again, as Mover._stopped."""
    mover = state.movers[me]
    is_mine = state.source.epoch == state.target.epoch == mover.epoch
    if config.rules.epoch_before_stop and not is_mine:
        return f"mover {me} reads both epochs again: another mover works", with_mover(state, me, Mover()), None
    stop = _decided(mover, mover.known, mover.epoch, config)
    wrong = promise.stopped(state, stop, config) if isinstance(stop, Stop) else None
    return f"mover {me} stops", with_mover(state, me, Mover(Phase.STOPPED)), wrong


def _chunks_read(state: State, me: int, config: Configuration) -> Next:
    mover = state.movers[me]
    known, there = mover.known, {one.number: one for one in state.source.outboxes}
    chunks: list[Chunk] = []
    for number in range(known.confirmed + 1, known.following):
        if number not in there:
            # With the outbox its line in the ledger is gone.
            return f"mover {me} misses outbox {number}: it begins again", with_mover(state, me, again(mover)), None
        chunks.append(there[number])
    after = mover._replace(phase=Phase.WAIT_SOURCE, waiting=tuple(chunks), following=known.following)
    if not config.waits:
        return _waited(with_mover(state, me, after._replace(phase=Phase.WAIT_TARGET)), me)
    return f"mover {me} reads what is in outboxes", with_mover(state, me, after), None


def _waited(state: State, me: int) -> Next:
    mover = state.movers[me]
    if mover.phase is Phase.WAIT_SOURCE:
        return f"mover {me}: the source's replica has it", with_mover(state, me, mover._replace(phase=Phase.WAIT_TARGET)), None
    known = mover.known
    after = mover._replace(phase=Phase.STEADY, seen_following=known.following, seen_applied=known.applied or 0, known=Known())
    return f"mover {me} has begun, with {len(mover.waiting)} chunks to apply", with_mover(state, me, after), None
