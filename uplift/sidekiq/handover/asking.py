"""Pieces of work for a mover, made one after the other: the next one when the one before was answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from uplift.sidekiq.mover.mover import Mover, MoverStep
from uplift.sidekiq.mover.source_side import SourceSide, Taken, Taking
from uplift.sidekiq.mover.target_side import TargetSide

Ask = Callable[[Mover], MoverStep]
"""One piece of work."""


def until_taken(taking: Taking, at_once: int, found: list[Taken]) -> Iterator[Ask]:
    """Ask for it until there is an answer, the last of which is added to `found`: what was taken before may have to wait, or a connection
    may break.
    """
    answers: list[tuple[Taken, ...]] = []

    def take(mover: Mover) -> MoverStep:
        step = mover.step([taking] * at_once)
        answers.append(step.taken)
        return step

    while not answers or not answers[-1]:
        yield take
    found.append(answers[-1][-1])


def until_done(work: Callable[[SourceSide, TargetSide], None]) -> Iterator[Ask]:
    """Ask for it until it came to its end."""
    done: list[bool] = []

    def do(source: SourceSide, target: TargetSide) -> None:
        work(source, target)
        done.append(True)

    while not done:
        yield lambda mover: mover.ask(do)


def until_applied() -> Iterator[Ask]:
    """Until everything that was taken is on the target, and confirmed."""
    idle: list[bool] = []

    def go_on(mover: Mover) -> MoverStep:
        step = mover.step([])
        idle.append(mover.is_idle)
        return step

    while not idle or not idle[-1]:
        yield go_on
