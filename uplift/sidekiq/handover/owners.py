"""Who still owns something on the old side, and what dead owners of private queues held, which goes back into the old queue."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from uplift.keyspace.server.connection import pack
from uplift.sidekiq.handover.asking import Ask, until_done
from uplift.sidekiq.handover.dead_owners import DeadOwners
from uplift.sidekiq.handover.left import Left, Why
from uplift.sidekiq.handover.looks import Looks
from uplift.sidekiq.handover.old_side import OldSide
from uplift.sidekiq.handover.progress import Progress
from uplift.sidekiq.handover.wishes import Part, Wishes
from uplift.sidekiq.keys.private_queues import PrivateQueue
from uplift.sidekiq.mover.source_side import SourceSide
from uplift.sidekiq.mover.target_side import TargetSide

_GIVEN_BACK_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Owners:
    """One look. `lengths`: how many jobs each private queue holds; `there`: by identity whether it has a heartbeat."""

    queues: tuple[PrivateQueue, ...]
    lengths: dict[bytes, int]
    there: dict[bytes, bool]
    dead: frozenset[bytes]

    @property
    def are_all_dead(self) -> bool:
        """Whether nobody is left who could work on the old side, and none of them may only stand still."""
        return all(owner in self.dead for owner in self.there)

    def why_not_given_back(self, queue: PrivateQueue) -> Why | None:
        """Why the jobs of a private queue stay where they are; None where they go back."""
        if queue.owner is None:
            return Why.OWNER_UNKNOWN
        if self.there[queue.owner]:
            return Why.OWNER_LIVES
        return None if queue.owner in self.dead else Why.OWNER_UNSURE


def look_for_owners(looks: Looks, dead: DeadOwners, old: OldSide, queues: tuple[PrivateQueue, ...], now: float) -> Owners:
    """Processes by name, and owners of private queues. Raises what Connection.call raises."""
    identities = sorted({process.identity for process in old.processes} | {one.owner for one in queues if one.owner is not None})
    there = looks.are_there(identities)
    dead.look(now, there)
    answers = looks.source.call_all([pack("LLEN", one.key) for one in queues]) if queues else []
    # What is no list is something all the same.
    lengths = {one.key: answer if isinstance(answer, int) else 1 for one, answer in zip(queues, answers, strict=True)}
    return Owners(queues, lengths, there, frozenset(owner for owner in identities if dead.is_dead(owner, now)))


def give_back(owners: Owners, wishes: Wishes, progress: Progress, left: list[Left]) -> Iterator[Ask]:
    """Of dead owners, the oldest job first; each is taken from the old queue as any other job."""
    for one in owners.queues:
        jobs, why = owners.lengths[one.key], owners.why_not_given_back(one)
        if jobs and why is None and not (wishes.wants(Part.PRIVATE) and wishes.wants_queue(one.queue)):
            why = Why.NOT_WANTED
        if jobs and why is not None:
            left.append(Left(Part.PRIVATE, one.key, jobs, why))
        elif jobs and one.owner is not None:
            yield from _given_back(one, one.owner, progress)


def _given_back(queue: PrivateQueue, owner: bytes, progress: Progress) -> Iterator[Ask]:
    found: list[int] = []

    def give(source: SourceSide, _target: TargetSide) -> None:
        found.append(source.give_back(owner, queue.key, queue.queue, _GIVEN_BACK_AT_ONCE))
        progress.given_back += found[-1]

    while not found or found[-1] == _GIVEN_BACK_AT_ONCE:
        yield from until_done(give)
