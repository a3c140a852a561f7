"""What may be changed while a follow runs: each with a range, and where asked for only for a while."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from uplift.errors import BadInput


class SettingName(StrEnum):
    """SOURCE_LATENCY and TARGET_LATENCY: ms that a foreign command may take, on targets once applications use them; RECONCILING_SHARE: the
    part of the time that a pass may take; PAUSED: 1 where nothing is compared and written.
    """

    SOURCE_LATENCY = "source-latency"
    TARGET_LATENCY = "target-latency"
    RECONCILING_SHARE = "pass-share"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Range:
    """What is allowed, and in which words."""

    least: float
    most: float
    allowed: str

    def holds(self, value: float) -> bool:
        """Whether the value is within; nan is not."""
        return self.least <= value <= self.most


def range_of(name: SettingName) -> Range:
    """What a setting may be."""
    match name:
        case SettingName.SOURCE_LATENCY | SettingName.TARGET_LATENCY:
            return Range(0.5, 1_000, "0.5 to 1000 (ms)")
        case SettingName.RECONCILING_SHARE:
            return Range(0.01, 1, "0.01 to 1 (part of the time)")
        case SettingName.PAUSED:
            return Range(0, 1, "0 or 1")
        case _:
            assert_never(name)


@dataclass(frozen=True)
class LiveSetting:
    """A value and, where it goes back by itself, when (seconds since 1970) and to what."""

    value: float
    until: float | None = None
    then: float | None = None


DEFAULTS = {
    SettingName.SOURCE_LATENCY: 5.0,
    SettingName.TARGET_LATENCY: 5.0,
    SettingName.RECONCILING_SHARE: 0.1,
    SettingName.PAUSED: 0.0,
}
_SETTABLE = (SettingName.SOURCE_LATENCY, SettingName.TARGET_LATENCY, SettingName.RECONCILING_SHARE)


def set_to(now_set: LiveSetting, value: float, until: float | None) -> LiveSetting:
    """The setting with another value, for good or until a moment; it goes back to what was set for good before."""
    lasting = now_set.value if now_set.then is None else now_set.then
    return LiveSetting(value, until, lasting if until is not None else None)


def at(setting: LiveSetting, now: float) -> LiveSetting:
    """The setting as it is at a moment: back where its time is over."""
    if setting.until is None or now < setting.until or setting.then is None:
        return setting
    return LiveSetting(setting.then)


def parsed_setting(text: str) -> tuple[SettingName, float]:
    """From NAME=VALUE as a person wrote it. Raises BadInput saying what is allowed."""
    name, separator, written = text.partition("=")
    found = next((one for one in _SETTABLE if one.value == name), None)
    if not separator or found is None:
        raise BadInput(f"{text!r}: no such setting, allowed: NAME=VALUE with {' or '.join(one.value for one in _SETTABLE)}")
    allowed = range_of(found)
    try:
        value = float(written)
    except ValueError:
        raise BadInput(f"{found}={written}: no number, allowed: {allowed.allowed}") from None
    if not allowed.holds(value):
        raise BadInput(f"{found}={written}: allowed: {allowed.allowed}")
    return found, value
