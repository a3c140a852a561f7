"""`--on-event CMD`: what the operator wants to hear of, one run for each event, in order; before go it may say no."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping

from uplift.split.hooks.hook_command import HookCommand
from uplift.split.hooks.hook_process import HookProcess
from uplift.split.hooks.on_go import as_given
from uplift.split.hooks.outcome import HookOutcome, failure_of

EVENT_SECONDS = 10.0
MOST_WAITING = 100
_MOMENT_SECONDS = 0.02


def _nothing() -> None:
    pass


class OnEvent:
    """Told, and never waited for. `failures` counts runs that were none, `dropped` events that came while 100 others waited."""

    def __init__(self, command: HookCommand, seconds: float = EVENT_SECONDS) -> None:
        """`seconds`: how long one run may take."""
        self.command, self.seconds = command, seconds
        self.failures = self.dropped = 0
        self.last_failure: str | None = None
        self._waiting: deque[bytes] = deque()
        self._process: HookProcess | None = None

    @property
    def waiting(self) -> int:
        """How many events it was not told yet."""
        return len(self._waiting)

    @property
    def is_idle(self) -> bool:
        """Whether it was told everything, and has ended."""
        return not self._waiting and self._process is None

    def tell(self, document: Mapping[str, object]) -> None:
        """One event; the command gets it behind those that came before. One too many is dropped, and counted."""
        if len(self._waiting) >= MOST_WAITING:
            self.dropped += 1
            return
        self._waiting.append(as_given(document))

    def step(self) -> None:
        """Look at the one that runs, and begin the next; to be called often. Raises nothing."""
        if self._process is not None and (outcome := self._process.poll()) is not None:
            self._process = None
            self._count(outcome)
        if self._process is None and self._waiting:
            self._process = HookProcess(self.command, self._waiting.popleft(), self.seconds)

    def veto(self, document: Mapping[str, object], meanwhile: Callable[[], None] = _nothing) -> str | None:
        """Ask, and wait for the answer: why it says no, None where it says yes (exit code 0).

        One that does not answer in time, or cannot be run, says no: nobody knows what it would have said. `meanwhile` is called every few
        ms. An answer of no is no failure.
        """
        process = HookProcess(self.command, as_given(document), self.seconds)
        try:
            while (outcome := process.poll()) is None:
                meanwhile()
                process.wait_a_moment(_MOMENT_SECONDS)
        finally:
            process.kill()
        return failure_of(outcome)

    def close(self, seconds: float = 0.0) -> None:
        """Tell what waits for so long, then end what runs; what was not told is dropped."""
        deadline = time.monotonic() + seconds
        while not self.is_idle and time.monotonic() < deadline:
            self.step()
            if self._process is not None:
                self._process.wait_a_moment(_MOMENT_SECONDS)
        self.dropped += len(self._waiting)
        self._waiting.clear()
        if self._process is not None:
            self._process.kill()
            self._process = None

    def _count(self, outcome: HookOutcome) -> None:
        if (failure := failure_of(outcome)) is not None:
            self.failures += 1
            self.last_failure = failure
