"""A split that is broken on purpose, to see that drawn runs find it: `python -m tests.split.drawn --break NAME`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import Any

from uplift.split.decisions.verdicts import Verdict
from uplift.split.decisions.wants import MoverWant, Wants
from uplift.split.record.stage import Side


def _wants_are(changed: Callable[[Wants], Wants]) -> None:
    leading: Any = import_module("uplift.split.run.leading")
    wants_of = leading.wants_of
    leading.wants_of = lambda *arguments, **named: changed(wants_of(*arguments, **named))


def _one_way() -> None:
    """After go, what is written on the new side does not come to legacy any more."""
    part: Any = import_module("uplift.split.run.follow_part").FollowPart
    want = part.want

    def one_way(self: Any, authority: Side, *, is_two_way: bool, targets_serve: bool) -> None:
        want(self, authority, is_two_way=is_two_way and authority is Side.OLD, targets_serve=targets_serve)

    part.want = one_way


def _old_authority() -> None:
    """Legacy stays right where nothing else decides, also after go."""
    part: Any = import_module("uplift.split.run.follow_part").FollowPart
    part.decides_by = lambda _self, _side: True
    _wants_are(lambda wants: replace(wants, authority=Side.OLD))


def _never_back() -> None:
    """The mover does not turn round."""
    _wants_are(lambda wants: replace(wants, mover=MoverWant.IDLE) if wants.mover is MoverWant.BACK else wants)


def _no_proof() -> None:
    """Whatever is asked is done: nobody looks whether a side is left, in sync, or empty of jobs."""
    for name in ("commanding", "steps_of_a_command", "telling"):
        module: Any = import_module(f"uplift.split.run.{name}")
        module.may = lambda *_arguments: Verdict()


def _no_eras() -> None:
    """A mover that stood still goes on as if no other engine had come."""
    parts: Any = import_module("uplift.split.run.parts").EngineParts
    parts._era = lambda _self: 1


BREAKS: dict[str, Callable[[], None]] = {
    "one-way": _one_way,
    "old-authority": _old_authority,
    "never-back": _never_back,
    "no-proof": _no_proof,
    "no-eras": _no_eras,
}


def break_it(name: str | None) -> None:
    """In this process."""
    if name is not None:
        BREAKS[name]()
