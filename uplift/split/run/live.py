"""What may be set while a run goes on: of the follow, and how fast jobs are moved."""

from __future__ import annotations

from uplift.errors import BadInput
from uplift.keyspace.follow.live_settings import DEFAULTS, LiveSetting, SettingName, at, range_of, set_to
from uplift.split.record.asked import Asked, Wish

JOBS_A_SECOND = "jobs-a-second"
_MOST_JOBS = 1_000_000_000
ALL_DEFAULTS: dict[str, float] = {**{name.value: value for name, value in DEFAULTS.items()}, JOBS_A_SECOND: 0.0}
SETTABLE = tuple(sorted(set(ALL_DEFAULTS) - {SettingName.PAUSED.value}))


def settings_at(settings: dict[str, LiveSetting], now: float) -> dict[str, LiveSetting]:
    """As they are at a moment (seconds since 1970), those nobody ever set too; those whose time is over are back."""
    return {name: at(settings.get(name, LiveSetting(value)), now) for name, value in ALL_DEFAULTS.items()}


def changed_settings(settings: dict[str, LiveSetting], asked: Asked, now: float) -> tuple[dict[str, LiveSetting], str]:
    """What SET, PAUSE and RESUME make of them, and in words."""
    options = asked.options
    name = options.name if asked.wish is Wish.SET else SettingName.PAUSED.value
    value = options.value if asked.wish is Wish.SET else float(asked.wish is Wish.PAUSE)
    until = None if options.seconds is None else now + options.seconds
    before = settings_at(settings, now)[name]
    how_long = "" if options.seconds is None else f" for {options.seconds / 60:g} minutes"
    words = {Wish.PAUSE: "paused", Wish.RESUME: "goes on"}.get(asked.wish, f"{name} is {value:g}")
    return {**settings, name: set_to(before, value, until)}, f"{words}{how_long}"


def parsed_setting(text: str) -> tuple[str, float]:
    """From NAME=VALUE as a person wrote it. Raises BadInput saying what is allowed."""
    name, separator, written = text.partition("=")
    if not separator or name not in SETTABLE:
        raise BadInput(f"{text!r}: no such setting, allowed: NAME=VALUE with {', '.join(SETTABLE)}")
    try:
        value = float(written)
    except ValueError:
        raise BadInput(f"{name}={written}: no number, allowed: {_allowed(name)}") from None
    if not _is_allowed(name, value):
        raise BadInput(f"{name}={written}: allowed: {_allowed(name)}")
    return name, value


def _is_allowed(name: str, value: float) -> bool:
    return 0 <= value <= _MOST_JOBS if name == JOBS_A_SECOND else range_of(SettingName(name)).holds(value)


def _allowed(name: str) -> str:
    return f"0 to {_MOST_JOBS:,}, 0 is no limit" if name == JOBS_A_SECOND else range_of(SettingName(name)).allowed
