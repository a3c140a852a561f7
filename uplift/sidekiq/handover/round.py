"""One round: what is to be asked of the mover, piece by piece. Queues first because they are due; correctness needs no order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial

from uplift.keyspace.server.connection import pack
from uplift.sidekiq.handover.asking import Ask, until_applied, until_done, until_taken
from uplift.sidekiq.handover.dead_owners import DeadOwners
from uplift.sidekiq.handover.left import Left, Why
from uplift.sidekiq.handover.locks import Locks
from uplift.sidekiq.handover.looks import Looks
from uplift.sidekiq.handover.moving_statistics import move_statistics
from uplift.sidekiq.handover.old_side import OldSide
from uplift.sidekiq.handover.owners import Owners, give_back, look_for_owners
from uplift.sidekiq.handover.planning import Plan, place_taken, plan_round
from uplift.sidekiq.handover.progress import PlaceState, Progress
from uplift.sidekiq.handover.wishes import SORTED_SETS, Part, Wishes
from uplift.sidekiq.keys.batches import PREFIX, keys_by_batch
from uplift.sidekiq.keys.key_kinds import KeyKind
from uplift.sidekiq.mover.chunk import Place, PlaceKind
from uplift.sidekiq.mover.mover import DEPTH
from uplift.sidekiq.mover.source_side import SourceSide, TakeLimits, Taken, Taking
from uplift.sidekiq.mover.target_side import TargetSide

_HELD_AT_ONCE = 200


@dataclass(slots=True)
class Round:
    """`dead` and `locks` are kept from round to round. `left` grows while the round goes on; `private_keys` are those of private queues."""

    looks: Looks
    wishes: Wishes
    progress: Progress
    dead: DeadOwners
    locks: Locks
    limits: TakeLimits
    now: float
    left: list[Left] = field(default_factory=list)
    private_keys: tuple[bytes, ...] = ()

    def pieces(self) -> Iterator[Ask]:
        """One after the other. Raises what Connection.call raises."""
        old = self.looks.old_side()
        new = self.looks.new_side(old.public)
        owners = look_for_owners(self.looks, self.dead, old, old.private(self._surveyed(KeyKind.QUEUE)), self.now)
        self.private_keys = tuple(one.key for one in owners.queues)
        batches = keys_by_batch(self._surveyed(KeyKind.BATCH))
        may_move_batches = owners.are_all_dead and self.wishes.wants(Part.BATCHES)
        plan = plan_round(old, new, self.wishes, with_batches=may_move_batches and not batches)
        self.left.extend(plan.left)
        self._show(plan, old)
        if self.wishes.wants(Part.PAUSED) and old.paused:
            yield from until_done(lambda _source, target: target.carry_paused(sorted(old.paused)))
        yield from give_back(owners, self.wishes, self.progress, self.left)
        yield from self._batches(batches, owners)
        if self.wishes.wants(Part.LOCKS):
            yield from until_done(self._carry_locks)
        for part, taking in plan.takings:
            yield from self._emptied(part, taking)
        yield from until_applied()
        for part in SORTED_SETS:
            yield from until_done(partial(self._release, part))
        if self.wishes.wants(Part.STATISTICS):
            yield from move_statistics(self.looks.source, self.looks.target, self._surveyed(KeyKind.STATISTICS), self.left)
        yield from until_applied()

    def _surveyed(self, kind: KeyKind) -> tuple[bytes, ...]:
        return self.looks.survey.of(kind) if self.looks.survey is not None else ()

    def _show(self, plan: Plan, old: OldSide) -> None:
        counts = old.jobs_by_place
        places = [place_taken(part, taking) for part, taking in plan.takings]
        self.progress.waiting = {place: counts.get(place, 0) for place in places}
        self.progress.states = dict.fromkeys(places, PlaceState.WAITING) | {(one.part, one.name): PlaceState.LEFT for one in plan.left}

    def _carry_locks(self, source: SourceSide, target: TargetSide) -> None:
        self.progress.locks = self.locks.in_a_round(source, target, self._surveyed(KeyKind.LOCK))

    def _batches(self, batches: dict[bytes, tuple[bytes, ...]], owners: Owners) -> Iterator[Ask]:
        """Each whole, once nobody is left who could run its jobs on the old side; its jobs follow in the next round."""
        if not batches:
            return
        if not self.wishes.wants(Part.BATCHES) or not owners.are_all_dead:
            why = Why.BATCH_IN_USE if self.wishes.wants(Part.BATCHES) else Why.NOT_WANTED
            self.left.append(Left(Part.BATCHES, b"", len(batches), why))
            return
        there = self._batches_there(batches)
        if there:
            self.left.append(Left(Part.BATCHES, b"", len(there), Why.BATCH_THERE))
        for name, keys in batches.items():
            if name in there:
                continue
            yield from until_taken(Taking(Place(PlaceKind.BATCH, name.removeprefix(PREFIX)), keys=keys), 1, [])
        yield from until_applied()
        if len(there) < len(batches):
            self.looks.forget_survey()

    def _batches_there(self, batches: dict[bytes, tuple[bytes, ...]]) -> frozenset[bytes]:
        """Those of which the target has a key already, or whose lists there are of another type."""
        lists = [b"batches", b"dead-batches"]
        for connection in (self.looks.source, self.looks.target):
            if any(kind not in {b"zset", b"none"} for kind in connection.call_all([pack("TYPE", name) for name in lists])):
                return frozenset(batches)
        counts = self.looks.target.call_all([pack("EXISTS", *keys) for keys in batches.values()])
        return frozenset(name for name, count in zip(batches, counts, strict=True) if count != 0)

    def _emptied(self, part: Part, taking: Taking) -> Iterator[Ask]:
        """Take until there is nothing more that may be taken."""
        place = place_taken(part, taking)
        self.progress.states[place] = PlaceState.TAKING
        of_batches = of_others = 0
        while True:
            found: list[Taken] = []
            yield from until_taken(taking, DEPTH, found)
            last = found[0]
            if part is Part.QUEUES:
                of_batches = last.of_batches
                # A queue that is written meanwhile would never be seen empty, and the others would wait.
                if not self._is_full(last):
                    break
            else:
                of_batches, of_others = of_batches + last.of_batches, of_others + last.of_other_queues
                if last.chunk is None and last.rank == taking.rank:
                    break
            taking = replace(taking, rank=last.rank)
        self.progress.states[place] = PlaceState.LEFT if of_batches or of_others else PlaceState.EMPTY
        if part is Part.QUEUES and of_batches >= self.limits.look:
            # Whatever stands behind so many waits for them too.
            of_batches = max(of_batches, self.progress.waiting.get(place, 0))
        counts = ((of_batches, Why.OF_BATCHES), (of_others, Why.OF_OTHER_QUEUES))
        self.left.extend(Left(part, place[1], jobs, why) for jobs, why in counts if jobs)

    def _is_full(self, taken: Taken) -> bool:
        """Whether as much was taken as was asked for, so that more may be there."""
        chunk = taken.chunk
        return chunk is not None and (chunk.jobs >= self.limits.jobs or sum(map(len, chunk.elements)) >= self.limits.bytes)

    def _release(self, part: Part, _source: SourceSide, target: TargetSide) -> None:
        """Bring what was held back, where nothing is in its way any more."""
        released, held = target.release_held(part.value.encode(), _HELD_AT_ONCE)
        self.progress.released += released
        if held:
            self.left.append(Left(part, b"", held, Why.HELD))
