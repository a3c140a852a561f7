"""A split that is broken on purpose, to see that drawn runs find it: `python -m tests.split.drawn --break NAME`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from uplift.split.decisions.wants import MoverWant, Wants, wants_of
from uplift.split.record.stage import Side
from uplift.split.run import leading
from uplift.split.run.follow_part import FollowPart


def _one_way() -> None:
    """What is written on the new side never comes to legacy."""
    want = FollowPart.want

    def one_way(self: FollowPart, authority: Side, *, is_two_way: bool, targets_serve: bool) -> None:
        want(self, authority, is_two_way=False, targets_serve=targets_serve)

    FollowPart.want = one_way  # type: ignore[method-assign]


def _old_authority() -> None:
    """Legacy stays right where nothing else decides, also after go."""

    def of_old(*arguments: object, **named: object) -> Wants:
        return replace(wants_of(*arguments, **named), authority=Side.OLD)  # type: ignore[arg-type]

    def decides(self: FollowPart, authority: Side) -> bool:
        return self is not None and authority in Side

    vars(leading)["wants_of"] = of_old
    FollowPart.decides_by = decides  # type: ignore[method-assign]


def _never_back() -> None:
    """The mover does not turn round."""

    def forward(*arguments: object, **named: object) -> Wants:
        wants = wants_of(*arguments, **named)  # type: ignore[arg-type]
        return replace(wants, mover=MoverWant.IDLE) if wants.mover is MoverWant.BACK else wants

    vars(leading)["wants_of"] = forward


def _no_proof() -> None:
    """Finished and abandoned whatever the facts are: nobody looks whether legacy is left, in sync, or empty of jobs."""
    from uplift.split.decisions import verdicts
    from uplift.split.run import commanding, steps_of_a_command, telling

    def always(*_arguments: object) -> verdicts.Verdict:
        return verdicts.Verdict()

    for module in (commanding, steps_of_a_command, telling):
        module.may = always  # type: ignore[attr-defined]


BREAKS: dict[str, Callable[[], None]] = {
    "one-way": _one_way,
    "old-authority": _old_authority,
    "never-back": _never_back,
    "no-proof": _no_proof,
}


def break_it(name: str | None) -> None:
    """In this process."""
    if name is not None:
        BREAKS[name]()
