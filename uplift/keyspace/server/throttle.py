"""Keeps a run below so many keys and bytes a second."""

from __future__ import annotations

import time


class Throttle:
    """Sleeps where a run is ahead of its rates; 0 means no limit."""

    def __init__(self, keys_a_second: int, bytes_a_second: int) -> None:
        self._keys_a_second = keys_a_second
        self._bytes_a_second = bytes_a_second
        self.restart(0)

    def restart(self, keys: int) -> None:
        """Count from here: `keys` read so far, no bytes."""
        self._began = time.monotonic()
        self._keys = keys

    def wait(self, keys: int, size: int) -> None:
        """Sleep until `keys` in all and `size` bytes since the restart are due."""
        due = 0.0
        if self._keys_a_second:
            due = (keys - self._keys) / self._keys_a_second
        if self._bytes_a_second:
            due = max(due, size / self._bytes_a_second)
        ahead = due - (time.monotonic() - self._began)
        if ahead > 0:
            time.sleep(ahead)
