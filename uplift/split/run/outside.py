"""What is told to the operator's `--on-event` command; without one, nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from uplift.split.hooks.hook_command import hook_command
from uplift.split.hooks.on_event import OnEvent
from uplift.split.run.split_events import SplitEvent

_LAST_SECONDS = 5.0


class Outside:
    """`command` as the operator gave it. Raises BadInput for one that cannot be split into words."""

    def __init__(self, command: str | None) -> None:
        self._on_event = OnEvent(hook_command(command, "--on-event")) if command else None

    def tell(self, events: Iterable[SplitEvent]) -> None:
        """Events, each for itself; and go on with those that wait."""
        if self._on_event is None:
            return
        for event in events:
            self._on_event.tell(event.document())
        self._on_event.step()

    def veto(self, document: Mapping[str, object], meanwhile: Callable[[], None]) -> str | None:
        """Why it says no; None where it does not, or is not there."""
        return None if self._on_event is None else self._on_event.veto(document, meanwhile)

    def close(self) -> None:
        """Tell what still waits, for a moment."""
        if self._on_event is not None:
            self._on_event.close(_LAST_SECONDS)

    @property
    def failures(self) -> int:
        """How many events it did not take."""
        return 0 if self._on_event is None else self._on_event.failures + self._on_event.dropped
