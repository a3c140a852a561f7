"""Keeps a run below so many keys and bytes a second."""

from __future__ import annotations

import time


class Throttle:
    """Sleeps where a run is ahead of its rates; 0 means no limit."""

    def __init__(self, keys_a_second: int, bytes_a_second: int) -> None:
        self._keys_a_second = keys_a_second
        self._bytes_a_second = bytes_a_second
        self._due_at = 0.0

    def spend(self, keys: int, size: int) -> None:
        """Say that so many keys and bytes were read, and sleep until the next may be. A pause of the run saves up nothing."""
        cost = 0.0
        if self._keys_a_second:
            cost = keys / self._keys_a_second
        if self._bytes_a_second:
            cost = max(cost, size / self._bytes_a_second)
        if not cost:
            return
        now = time.monotonic()
        self._due_at = max(self._due_at, now) + cost
        if self._due_at > now:
            time.sleep(self._due_at - now)
