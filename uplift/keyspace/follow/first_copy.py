"""The copy that a follow begins with: the engine of `uplift copy`, in a thread of its own with connections of its own.

Meanwhile the run's own thread drains what the source tells: a subscription that nobody reads is cut by the server.
"""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from uplift.errors import NotSafe
from uplift.keyspace.copy.copy import CopyOptions
from uplift.keyspace.copy.prepare import CopyRequest, KeysExist, prepared_copy
from uplift.keyspace.copy.state import locked, read_state
from uplift.keyspace.follow.status import CopyStatus
from uplift.keyspace.server.events import Event, Note, Progress
from uplift.keyspace.server.source_and_targets import Scope, raise_or_warn


class _Stopped(Exception):
    """The copy was told to end."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """What was told last, and where the phase was when it began (monotonic seconds)."""

    progress: Progress
    began_at: float
    began_with: int


def unfinished_run(state_path: Path) -> str:
    """The id of a copy that was begun and is not over, else "". Raises BadInput for a file that is no state."""
    state = read_state(state_path)
    return "" if state is None or state.finished else state.run


class FirstCopy:
    """Runs from the moment it is made. `databases` are those that are followed."""

    def __init__(self, scope: Scope, databases: tuple[int, ...], state_path: Path) -> None:
        self._request = CopyRequest(
            scope.source, scope.targets, scope.keymap, databases, scope.only, scope.exclude, scope.clock_tolerance, CopyOptions()
        )
        self._state_path = state_path
        self._notes: list[Note] = []
        self._shown: _Shown | None = None
        self._is_stopped = False
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="copy")
        self._copy: Future[int] = self._threads.submit(self._run)

    def _run(self) -> int:
        with locked(self._state_path):
            earlier = read_state(self._state_path)
            if earlier is not None and earlier.finished:
                # It ended, and the run that was to write that down did not come to it.
                return sum(earlier.counts.copied.values())
            try:
                with prepared_copy(self._request, self._state_path, self._take) as prepared:
                    raise_or_warn(prepared.memory, self._take)
                    return sum(prepared.run(self._take).counts.copied.values())
            except KeysExist as existing:
                raise NotSafe(
                    f"{existing.found}: nothing was written; a follow begins with targets that have none of the keys: empty the target, "
                    "or name another one"
                ) from None

    def _take(self, event: Event) -> None:
        if self._is_stopped:
            raise _Stopped
        match event:
            case Note():
                self._notes.append(event)
            case Progress():
                shown = self._shown
                if shown is None or shown.progress.phase != event.phase:
                    self._shown = _Shown(event, time.monotonic(), event.done)
                else:
                    self._shown = _Shown(event, shown.began_at, shown.began_with)

    def take_notes(self) -> list[Note]:
        """What it told for a person since the last time."""
        notes = []
        while self._notes:
            notes.append(self._notes.pop(0))
        return notes

    def result(self) -> int | None:
        """How many keys were copied; None while it works. Raises what ended it."""
        return self._copy.result() if self._copy.done() else None

    def status(self) -> CopyStatus | None:
        """How far it is; None before it told anything."""
        shown = self._shown
        if shown is None:
            return None
        progress, seconds = shown.progress, time.monotonic() - shown.began_at
        rate = (progress.done - shown.began_with) / seconds if seconds > 0 else 0.0
        left = max(0, progress.total - progress.done) / rate if rate else None
        return CopyStatus(progress.phase, progress.done, progress.total, rate, left)

    def stop(self) -> None:
        """End it at its next commit, and wait until it has ended; what is committed stays. Safe to call twice."""
        self._is_stopped = True
        self._threads.shutdown(wait=True)
