"""One round: what is to be asked of the mover, piece by piece. Queues first because they are due; correctness needs no order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from uplift.keyspace.server.connection import pack
from uplift.keyspace.server.replies import as_bytes_list
from uplift.sidekiq.chunk import Place, PlaceKind
from uplift.sidekiq.dead_owners import DeadOwners
from uplift.sidekiq.interruptions import answered
from uplift.sidekiq.key_kinds import KeyKind
from uplift.sidekiq.left import Left, Why
from uplift.sidekiq.looks import Looks
from uplift.sidekiq.mover import Mover, MoverStep
from uplift.sidekiq.planning import plan_round
from uplift.sidekiq.private_queues import PrivateQueue
from uplift.sidekiq.progress import PlaceState, Progress
from uplift.sidekiq.source_side import SourceSide, TakeLimits, Taken, Taking
from uplift.sidekiq.target_side import TargetSide
from uplift.sidekiq.wishes import SORTED_SETS, Part, Wishes

_GIVEN_BACK_AT_ONCE = 100
_HELD_AT_ONCE = 200
_COUNTERS_AT_ONCE = 100
_FOREVER = -1
Ask = Callable[[Mover], MoverStep]
"""One piece of work for the mover."""


class Round:
    """`dead` is kept from round to round. `left` grows while the round goes on."""

    def __init__(
        self, looks: Looks, wishes: Wishes, progress: Progress, dead: DeadOwners, limits: TakeLimits, clock: Callable[[], float]
    ) -> None:
        self._looks, self._wishes, self._progress, self._dead, self._limits, self._clock = looks, wishes, progress, dead, limits, clock
        self._left: list[Left] = []
        self.private_keys: tuple[bytes, ...] = ()

    @property
    def left(self) -> tuple[Left, ...]:
        """What it left."""
        return tuple(self._left)

    def pieces(self) -> Iterator[Ask]:
        """One after the other; the next one is made when the one before was asked."""
        old, new = self._looks.old_side(), self._looks.new_side()
        plan = plan_round(old, new, self._wishes)
        self._left.extend(plan.left)
        self._show(plan.takings, {**{(Part.QUEUES, one.name): one.jobs or 0 for one in old.queues}, **_counts(old.sorted_sets)}, plan.left)
        if self._wishes.wants(Part.PAUSED) and old.paused:
            yield lambda mover: mover.ask(lambda _source, target: self._carry_paused(target, sorted(old.paused)))
        yield from self._private(old.private(self._survey_names(KeyKind.QUEUE)))
        for part, taking in plan.takings:
            yield from self._emptied(part, taking)
        yield from self._applied()
        for part in SORTED_SETS:
            yield from self._released(part)
        if self._wishes.wants(Part.STATISTICS):
            yield from self._statistics()
        yield from self._applied()

    def _survey_names(self, kind: KeyKind) -> tuple[bytes, ...]:
        return self._looks.survey.of(kind) if self._looks.survey is not None else ()

    def _show(self, takings: tuple[tuple[Part, Taking], ...], counts: dict[tuple[Part, bytes], int], left: tuple[Left, ...]) -> None:
        places = [(part, taking.place.name if part is Part.QUEUES else b"") for part, taking in takings]
        self._progress.waiting = {place: counts.get(place, 0) for place in places}
        self._progress.states = dict.fromkeys(places, PlaceState.WAITING) | {(one.part, one.name): PlaceState.LEFT for one in left}

    def _carry_paused(self, target: TargetSide, names: list[bytes]) -> None:
        self._progress.paused += target.carry_paused(names)

    def _emptied(self, part: Part, taking: Taking) -> Iterator[Ask]:
        """Take until there is nothing more that may be taken."""
        place = (part, taking.place.name if part is Part.QUEUES else b"")
        self._progress.states[place] = PlaceState.TAKING
        of_batches = of_others = 0
        steps: list[MoverStep] = []

        def take(mover: Mover) -> MoverStep:
            steps.append(mover.step([taking, taking]))
            return steps[-1]

        while True:
            yield take
            taken = steps.pop().taken
            last = _last_of(taken)
            if last is None:
                # What was taken before waits, or a connection broke: the same again.
                continue
            if part is not Part.QUEUES:
                of_batches, of_others = of_batches + last.of_batches, of_others + last.of_other_queues
            else:
                of_batches = last.of_batches
            if part is Part.QUEUES:
                # A queue that is written meanwhile would never be seen empty, and the others would wait.
                if not self._is_full(last):
                    break
            elif last.chunk is None and last.rank == taking.rank:
                break
            taking = replace(taking, rank=last.rank)
        self._progress.states[place] = PlaceState.LEFT if of_batches or of_others else PlaceState.EMPTY
        if of_batches:
            self._left.append(Left(part, place[1], of_batches, Why.OF_BATCHES))
        if of_others:
            self._left.append(Left(part, place[1], of_others, Why.OF_OTHER_QUEUES))

    def _is_full(self, taken: Taken) -> bool:
        """Whether as much was taken as was asked for, so that more may be there."""
        limits, chunk = self._limits, taken.chunk
        return chunk is not None and (chunk.jobs >= limits.jobs or sum(map(len, chunk.elements)) >= limits.bytes)

    def _applied(self) -> Iterator[Ask]:
        """Until everything that was taken is on the target."""
        idle: list[bool] = []

        def go_on(mover: Mover) -> MoverStep:
            step = mover.step([])
            idle.append(mover.is_idle)
            return step

        while not idle or not idle[-1]:
            yield go_on

    def _private(self, queues: tuple[PrivateQueue, ...]) -> Iterator[Ask]:
        """Give back what dead owners hold, to the old queue, from which it is taken as any other job."""
        self.private_keys = tuple(one.key for one in queues)
        lengths = self._lengths(self.private_keys)
        owners = sorted({one.owner for one in queues if one.owner is not None})
        there = self._looks.are_there(owners)
        now = self._clock()
        self._dead.look(now, there)
        for one in queues:
            if not (jobs := lengths[one.key]):
                continue
            if one.owner is None:
                self._left.append(Left(Part.PRIVATE, one.key, jobs, Why.OWNER_UNKNOWN))
            elif there[one.owner]:
                self._left.append(Left(Part.PRIVATE, one.key, jobs, Why.OWNER_LIVES))
            elif not self._dead.is_dead(one.owner, now):
                self._left.append(Left(Part.PRIVATE, one.key, jobs, Why.OWNER_UNSURE))
            elif self._wishes.wants(Part.PRIVATE) and self._wishes.wants_queue(one.queue):
                yield from self._given_back(one, one.owner)
            else:
                self._left.append(Left(Part.PRIVATE, one.key, jobs, Why.NOT_WANTED))

    def _lengths(self, keys: tuple[bytes, ...]) -> dict[bytes, int]:
        answers = self._looks.source.call_all([pack("LLEN", key) for key in keys]) if keys else []
        # What is no list is something all the same.
        return {key: one if isinstance(one, int) else 1 for key, one in zip(keys, answers, strict=True)}

    def _given_back(self, queue: PrivateQueue, owner: bytes) -> Iterator[Ask]:
        found: list[int] = []

        def give(source: SourceSide, _target: TargetSide) -> None:
            found.append(source.give_back(owner, queue.key, b"queue:" + queue.queue, _GIVEN_BACK_AT_ONCE))

        while not found or found[-1] == _GIVEN_BACK_AT_ONCE:
            yield lambda mover: mover.ask(give)
        self._progress.given_back += sum(found)

    def _released(self, part: Part) -> Iterator[Ask]:
        """Bring what was held back, where nothing is in its way any more."""
        found: list[tuple[int, int]] = []

        def release(_source: SourceSide, target: TargetSide) -> None:
            found.append(target.release_held(part.value.encode(), _HELD_AT_ONCE))

        while not found:
            yield lambda mover: mover.ask(release)
        released, held = found[-1]
        self._progress.released += released
        if held:
            self._left.append(Left(part, b"", held, Why.HELD))

    def _statistics(self) -> Iterator[Ask]:
        """Counters, with the moment they expire at as it was read before."""
        names = [name for name in self._survey_names(KeyKind.STATISTICS) if name.startswith(b"stat:")]
        for first in range(0, len(names), _COUNTERS_AT_ONCE):
            some = names[first : first + _COUNTERS_AT_ONCE]
            taking = Taking(Place(PlaceKind.STATISTICS, b""), counters=tuple(zip(some, self._moments(some), strict=True)))
            steps: list[MoverStep] = []

            def take(mover: Mover, taking: Taking = taking, steps: list[MoverStep] = steps) -> MoverStep:
                steps.append(mover.step([taking]))
                return steps[-1]

            while (taken := _last_of(steps.pop().taken) if steps else None) is None:
                yield take
            self._left.extend(Left(Part.STATISTICS, name, 1, Why.NO_NUMBER) for name in taken.other_counters)

    def _moments(self, names: list[bytes]) -> list[int]:
        source = self._looks.source
        time, *lives = source.call_all([pack("TIME"), *[pack("PTTL", name) for name in names]])
        seconds, microseconds = as_bytes_list(answered(time))
        now = int(seconds) * 1000 + int(microseconds) // 1000
        return [now + life if isinstance(life, int) and life >= 0 else _FOREVER for life in lives]


def _last_of(taken: tuple[Taken, ...]) -> Taken | None:
    """The last answer to a taking, which says how the place stands; None where nothing was asked."""
    return taken[-1] if taken else None


def _counts(sorted_sets: dict[Part, int | None]) -> dict[tuple[Part, bytes], int]:
    return {(part, b""): count or 0 for part, count in sorted_sets.items()}
