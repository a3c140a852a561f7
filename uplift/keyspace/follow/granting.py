"""What a person asks of a running follow is done, and told in one line."""

from __future__ import annotations

from typing import Protocol, assert_never

from uplift.keyspace.follow.key_state import Side
from uplift.keyspace.follow.live_settings import SettingName
from uplift.keyspace.follow.requests import Request, Wish
from uplift.keyspace.follow.state_file import side_of


class Asked(Protocol):
    """A run, as whoever drives it has it."""

    @property
    def is_two_way(self) -> bool:
        """Whether what applications write to a target is brought to the source."""

    def set_policy(self, is_two_way: bool, authority: Side) -> None:
        """As FollowRun."""

    def set(self, name: SettingName, value: float, seconds: float | None = None) -> None:
        """As FollowRun."""

    def hand_over(self) -> None:
        """As FollowRun."""

    def stop(self) -> str:
        """As FollowRun."""


def grant(run: Asked, request: Request) -> str:
    """Do it; what was done. Raises what the run's own methods raise."""
    match request.wish:
        case Wish.STOP:
            return run.stop()
        case Wish.HAND_OVER:
            run.hand_over()
            return "this engine is silent now; one that stands by takes over within seconds, or this one goes on"
        case Wish.AUTHORITY:
            run.set_policy(run.is_two_way, side_of("target" if request.value == "target" else "source"))
            return f"the {request.value} decides where nothing else can"
        case Wish.SET:
            name = SettingName(request.name)
            run.set(name, float(request.value), request.seconds)
            for_how_long = "" if request.seconds is None else f" for {request.seconds / 60:g} minutes"
            return f"{name.value} is {float(request.value):g}{for_how_long}"
        case _:
            assert_never(request.wish)
