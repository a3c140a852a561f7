"""How an operator's command ended."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import assert_never

_MOST_LETTERS = 200


@dataclass(frozen=True, slots=True)
class Done:
    """It ended by itself, or somebody else killed it (`code` below 0: the signal). `output`: the last of what it wrote, both streams."""

    code: int
    output: str


@dataclass(frozen=True, slots=True)
class TimedOut:
    """It was killed with all it had started. Whether it did its work is not known."""

    seconds: float
    output: str


@dataclass(frozen=True, slots=True)
class NotStarted:
    """It surely did nothing: there is no such program, or it may not be run."""

    reason: str


HookOutcome = Done | TimedOut | NotStarted


def failure_of(outcome: HookOutcome) -> str | None:
    """Why it was no success, in one line; None where it was."""
    match outcome:
        case Done(code=0):
            return None
        case Done(code, output):
            how = f"exit code {code}" if code > 0 else f"killed by {_signal_name(-code)}"
            return _with_output(how, output)
        case TimedOut(seconds, output):
            return _with_output(f"not over after {seconds:g} s, and killed", output)
        case NotStarted(reason):
            return reason
        case _:
            assert_never(outcome)


def _with_output(how: str, output: str) -> str:
    first = next((line.strip() for line in output.splitlines() if line.strip()), "")
    shown = "".join(letter if letter.isprintable() else "?" for letter in first[:_MOST_LETTERS])
    return f"{how}: {shown}" if shown else how


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
