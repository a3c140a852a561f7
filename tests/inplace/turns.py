"""Gives concurrent runs their turns, one AWS call at a time, in a drawn order."""

from __future__ import annotations

import random
import threading


class Turns:
    """Each run waits before every call until it is drawn; nobody else runs between two draws."""

    def __init__(self, names: list[str], draws: random.Random) -> None:
        self._rng = draws
        self._alive = set(names)
        self._waiting: set[str] = set()
        self._drawn: str | None = None
        self._condition = threading.Condition()
        self.order: list[str] = []

    def wait(self, name: str) -> None:
        """Wait for this run's next turn."""
        with self._condition:
            if self._drawn == name:
                self._drawn = None
            self._waiting.add(name)
            self._draw()
            drawn = self._condition.wait_for(lambda: self._drawn == name, timeout=120)
            assert drawn, f"{name} never got its turn; {self._drawn} has it"
            self._waiting.discard(name)
            self.order.append(name)

    def leave(self, name: str) -> None:
        """This run has ended."""
        with self._condition:
            self._alive.discard(name)
            if self._drawn == name:
                self._drawn = None
            self._draw()

    def _draw(self) -> None:
        if self._drawn is None and self._alive and self._waiting == self._alive:
            self._drawn = self._rng.choice(sorted(self._alive))
            self._condition.notify_all()
