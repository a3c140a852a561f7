"""What a rotation does next, as a table, and that whatever point it was cut short at it never rotates twice."""

import itertools

import pytest

from uplift.auth_token.rotation_decision import RotationFacts, RotationStep, next_to_begin, next_to_finish


@pytest.mark.parametrize(
    ("facts", "begin", "finish"),
    [
        # is_available, has_pending, pending_is_current, changed_since_noted
        (RotationFacts(False, True, False, False), RotationStep.WAIT, RotationStep.WAIT),
        (RotationFacts(True, False, False, False), RotationStep.MAKE, RotationStep.SET),
        (RotationFacts(True, False, False, True), RotationStep.MAKE, RotationStep.DONE),
        (RotationFacts(True, True, False, False), RotationStep.ROTATE, RotationStep.SET),
        (RotationFacts(True, True, False, True), RotationStep.PUBLISH, RotationStep.DONE),
        (RotationFacts(True, True, True, False), RotationStep.PUBLISH, RotationStep.SET),
        (RotationFacts(True, True, True, True), RotationStep.PUBLISH, RotationStep.DONE),
        # A change was asked for by a command that was interrupted, and may still show.
        (RotationFacts(True, True, False, False, asked_lately=True), RotationStep.WAIT, RotationStep.WAIT),
        (RotationFacts(True, True, False, True, asked_lately=True), RotationStep.PUBLISH, RotationStep.DONE),
        (RotationFacts(True, False, False, False, asked_lately=True), RotationStep.MAKE, RotationStep.WAIT),
    ],
)
def test_the_next_step(facts: RotationFacts, begin: RotationStep, finish: RotationStep) -> None:
    assert (next_to_begin(facts), next_to_finish(facts)) == (begin, finish)


class _World:
    """Secret and group as plain values; `die_after` effects have been made the process dies."""

    def __init__(self) -> None:
        self.accepted = ["old"]
        self.pending: str | None = None
        self.current = "old"
        self.changed, self.noted = 0, 0
        self.effects_left = 10**9
        self.tokens = itertools.count(1)

    def effect(self) -> None:
        if self.effects_left == 0:
            raise RuntimeError("killed")
        self.effects_left -= 1

    def begin(self) -> None:
        while True:
            step = next_to_begin(RotationFacts(True, self.pending is not None, self.pending == self.current, self.changed != self.noted))
            if step is RotationStep.MAKE:
                self.effect()
                self.noted = self.changed
                self.effect()
                self.pending = f"new {next(self.tokens)}"
            elif step is RotationStep.ROTATE:
                self.effect()
                assert self.pending is not None
                self.accepted = [self.pending, self.accepted[0]]
                self.changed += 1
            else:
                assert self.pending is not None
                self.effect()
                self.current = self.pending
                self.effect()
                self.noted = self.changed
                self.effect()
                self.pending = None
                return


@pytest.mark.parametrize("die_after", range(7))
def test_a_rotation_cut_short_anywhere_ends_with_both_tokens_accepted(die_after: int) -> None:
    world = _World()
    world.effects_left = die_after
    try:
        world.begin()
        assert die_after >= 6
    except RuntimeError:
        world.effects_left = 10**9
        world.begin()
    assert world.accepted == [world.current, "old"]
    assert next_to_finish(RotationFacts(True, False, False, world.changed != world.noted)) is RotationStep.SET
