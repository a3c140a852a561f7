"""Shows the events of a run on the keyspace: notes as lines, each phase as a bar or, piped, as lines of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import assert_never

from uplift.cli.terminal.progress_bar import Advance, progress, say
from uplift.keyspace.server.events import Event, Listener, Note, Progress


@contextmanager
def shown_events() -> Iterator[Listener]:
    """Gives the listener for one block. A terminal shows one bar at a time: that of the phase the run is in."""
    with _Shown() as shown:
        yield shown.take


class _Shown:
    def __init__(self) -> None:
        self._phase = ""
        self._bar = ExitStack()
        self._advance: Advance = lambda _done, _total: None

    def __enter__(self) -> _Shown:
        return self

    def __exit__(self, *_problem: object) -> None:
        self._bar.close()

    def take(self, event: Event) -> None:
        match event:
            case Note(text, is_warning):
                say(f"warning: {text}" if is_warning else text)
            case Progress(phase, done, total):
                if phase != self._phase:
                    self._bar.close()
                    self._phase, self._advance = phase, self._bar.enter_context(progress(phase))
                self._advance(done, total)
            case _:
                assert_never(event)
