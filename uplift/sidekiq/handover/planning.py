"""What a round takes, in which order, and what it leaves from the start: a pure decision."""

from __future__ import annotations

from dataclasses import dataclass

from uplift.sidekiq.handover.left import Left, Why
from uplift.sidekiq.handover.old_side import NewSide, OldSide
from uplift.sidekiq.handover.wishes import SORTED_SETS, Part, Wishes
from uplift.sidekiq.mover.chunk import Place, PlaceKind
from uplift.sidekiq.mover.source_side import Taking


@dataclass(frozen=True, slots=True)
class Plan:
    """`takings` one after the other, each until it is empty; queues first, since they are due."""

    takings: tuple[tuple[Part, Taking], ...]
    left: tuple[Left, ...]


def plan_round(old: OldSide, new: NewSide, wishes: Wishes, *, with_batches: bool = False) -> Plan:
    """Decide. `with_batches`: jobs of batches go too, since their batches have gone.

    Only queues that somebody on the new side works on are taken: what nobody works on would wait there unseen.
    """
    takings: list[tuple[Part, Taking]] = []
    left: list[Left] = []
    for queue in old.queues:
        if queue.jobs is None:
            left.append(Left(Part.QUEUES, queue.name, 0, Why.NO_LIST))
            continue
        if (why := _why_not(queue.name, new, wishes)) is None:
            takings.append((Part.QUEUES, Taking(Place(PlaceKind.QUEUE, queue.name), with_batches=with_batches)))
        elif queue.jobs:
            left.append(Left(Part.QUEUES, queue.name, queue.jobs, why))
    for part in SORTED_SETS:
        jobs = old.sorted_sets[part]
        if (why := _why_not_set(part, jobs, new, wishes)) is not None:
            left.append(Left(part, b"", jobs or 0, why))
        elif jobs:
            allowed = _allowed_in_sorted_sets(new, wishes)
            takings.append((part, Taking(Place(PlaceKind.SORTED_SET, part.value.encode()), queues=allowed, with_batches=with_batches)))
    return Plan(tuple(takings), tuple(left))


def place_taken(part: Part, taking: Taking) -> tuple[Part, bytes]:
    """What is shown of a taking: its part, and the name of a queue."""
    return part, taking.place.name if part is Part.QUEUES else b""


def _why_not(queue: bytes, new: NewSide, wishes: Wishes) -> Why | None:
    if not wishes.wants(Part.QUEUES) or not wishes.wants_queue(queue):
        return Why.NOT_WANTED
    if new.refusing & {b"queues", b"queue:" + queue}:
        return Why.NO_PLACE
    if wishes.any_queue or queue in new.listed:
        return None
    return Why.NOT_LISTED


def _why_not_set(part: Part, jobs: int | None, new: NewSide, wishes: Wishes) -> Why | None:
    if jobs is None:
        return Why.NO_LIST
    if not jobs:
        return None
    if not wishes.wants(part):
        return Why.NOT_WANTED
    return Why.NO_PLACE if part.value.encode() in new.refusing else None


def _allowed_in_sorted_sets(new: NewSide, wishes: Wishes) -> tuple[bytes, ...] | None:
    """Whose jobs may go; None: all. A job that is due later goes to its queue wherever a poller meets it."""
    if wishes.any_queue:
        return None if wishes.queues is None else tuple(sorted(wishes.queues))
    return tuple(sorted(name for name in new.listed if wishes.wants_queue(name)))
