"""Whether what a person asks of a running engine may be done: a pure decision, with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from uplift.keyspace.follow.live_settings import SettingName, range_of
from uplift.keyspace.follow.phase import Phase
from uplift.keyspace.follow.requests import Request, Wish
from uplift.keyspace.follow.status import StandbyStatus

_BEFORE_FOLLOWING = frozenset({Phase.SUBSCRIBING, Phase.COPYING})


@dataclass(frozen=True, slots=True)
class Situation:
    """What an answer depends on. `standby` are the others."""

    revision: int
    phase: Phase
    stands_by: bool
    standby: StandbyStatus


def why_not(request: Request, now: Situation) -> str | None:
    """Why it is not done, in words that say what to do; None where it is."""
    if request.revision != now.revision:
        return (
            f"the run is not as it was when you looked (revision {request.revision}, now {now.revision}): nothing was changed; "
            "look at the status, and ask anew"
        )
    match request.wish:
        case Wish.STOP:
            return _why_no_stop(now)
        case Wish.HAND_OVER:
            return _why_no_hand_over(now)
        case Wish.AUTHORITY:
            if request.value not in {"source", "target"}:
                return f"authority {request.value!r}: allowed: source or target"
            return _why_not_led(now)
        case Wish.SET:
            return _why_no_setting(request, now)
        case _:
            assert_never(request.wish)


def _why_no_stop(now: Situation) -> str | None:
    if now.stands_by or not now.standby.present:
        return None
    return (
        f"{now.standby.present} engine(s) stand by and would take over: nothing was changed; stop them first, or "
        "`uplift follow hand-over` leaves the follow to them"
    )


def _why_no_hand_over(now: Situation) -> str | None:
    if (reason := _why_not_led(now)) is not None:
        return reason
    if now.standby.warm:
        return None
    listening = f"{now.standby.present} stand by, none of them warm" if now.standby.present else "no engine stands by"
    return f"{listening}: nothing was changed; start one with --standby, and wait until the status says that it is warm"


def _why_not_led(now: Situation) -> str | None:
    if now.stands_by:
        return "this engine stands by: nothing was changed; ask the one that holds the lease"
    if now.phase in _BEFORE_FOLLOWING:
        return f"the follow is {now.phase.value}: nothing was changed; ask again once it follows"
    return None


def _why_no_setting(request: Request, now: Situation) -> str | None:
    name = next((one for one in SettingName if one.value == request.name), None)
    if name is None:
        return f"{request.name!r}: no such setting, allowed: {', '.join(one.value for one in SettingName)}"
    try:
        value = float(request.value)
    except ValueError:
        value = float("nan")
    if not range_of(name).holds(value):
        return f"{request.name}={request.value}: allowed: {range_of(name).allowed}"
    if request.seconds is not None and not request.seconds > 0:
        return "a setting for no time at all: nothing was changed"
    return _why_not_led(now) if name is SettingName.PAUSED else None
