"""`--on-go CMD`: what the operator has run when the pointer has turned, at go and at back."""

from __future__ import annotations

import json
from collections.abc import Mapping

from uplift.split.hooks.hook_command import HookCommand
from uplift.split.hooks.hook_process import HookProcess
from uplift.split.hooks.outcome import HookOutcome

DEFAULT_SECONDS = 60.0


class OnGo:
    """One command. It is run when somebody says so, and never again by itself."""

    def __init__(self, command: HookCommand, seconds: float = DEFAULT_SECONDS) -> None:
        """`seconds`: how long one run may take."""
        self.command, self.seconds = command, seconds
        self._process: HookProcess | None = None

    @property
    def is_running(self) -> bool:
        """Whether one was begun and has not ended, as far as `poll` has seen."""
        return self._process is not None and self._process.outcome is None

    def begin(self, document: Mapping[str, object]) -> None:
        """Run it with one JSON document on standard input. Raises RuntimeError while one runs: two at once is no retry."""
        if self.is_running:
            raise RuntimeError(f"{self.command} is still running")
        self._process = HookProcess(self.command, as_given(document), self.seconds)

    def poll(self) -> HookOutcome | None:
        """How it ended; None while it runs, and where none was begun. To be called at every step: it gives, takes and kills."""
        return None if self._process is None else self._process.poll()

    def close(self) -> None:
        """End one that runs, with all it started: nobody would hear how it ended."""
        if self._process is not None:
            self._process.kill()


def as_given(document: Mapping[str, object]) -> bytes:
    """A document as a command reads it: one line of JSON."""
    return json.dumps(document, default=str).encode() + b"\n"
