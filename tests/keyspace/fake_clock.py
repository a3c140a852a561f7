"""A clock for what waits: it goes on only where a test says so, or where somebody sleeps."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest


@dataclass
class FakeClock:
    """Stands for the module `time`, in seconds. `looks`: how often it was looked at."""

    now: float = 1_000.0
    looks: int = 0
    slept: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        self.looks += 1
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def replace_clock(monkeypatch: pytest.MonkeyPatch, module: str) -> FakeClock:
    """The clock of one module from now on."""
    clock = FakeClock()
    monkeypatch.setattr(f"{module}.time", clock)
    return clock
