"""Options of `uplift follow`: the state directory, and words that stand for a choice."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from uplift.errors import BadInput
from uplift.keyspace.follow.key_state import Side
from uplift.keyspace.follow.live_settings import SettingName, range_of
from uplift.keyspace.follow.state_file import side_of

StateFolderOption = Annotated[
    Path, typer.Option("--state", help="The directory of the run: what it must know to go on, and what it is asked and tells.")
]
ForMinutes = Annotated[
    Optional[float],  # noqa: UP045
    typer.Option("--for", help="Go back by itself after so many minutes [default: it stays]."),
]
_LONGEST_MINUTES = 7 * 24 * 60.0


def authority_named(text: str, option: str = "--authority") -> Side:
    """The side a person names. Raises BadInput."""
    match text:
        case "source" | "target":
            return side_of(text)
        case _:
            raise BadInput(f"{option} {text}: allowed: source or target")


def seconds_of(minutes: float | None) -> float | None:
    """--for in seconds. Raises BadInput for a time that is none."""
    if minutes is None:
        return None
    if not 0 < minutes <= _LONGEST_MINUTES:
        raise BadInput(f"--for {minutes:g}: allowed: more than 0, at most {_LONGEST_MINUTES:g} minutes")
    return minutes * 60


def latency_within_range(milliseconds: float | None) -> float | None:
    """--source-latency. Raises BadInput."""
    allowed = range_of(SettingName.SOURCE_LATENCY)
    if milliseconds is not None and not allowed.holds(milliseconds):
        raise BadInput(f"--source-latency {milliseconds:g}: allowed: {allowed.allowed}")
    return milliseconds
