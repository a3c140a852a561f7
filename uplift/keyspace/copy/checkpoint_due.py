"""When a copy makes its next checkpoint: while one is made, nothing is read, and from afar it takes a few round trips."""

from __future__ import annotations

import time

_MOST_SECONDS = 1.0
# Each is followed by so many times as long without one: they take less than a twentieth of the time.
_TIMES_LONGER = 20


class CheckpointDue:
    """Due after so many keys or a second, whichever comes first, but not too soon after one that took long."""

    def __init__(self, keys: int) -> None:
        self._keys, self._read = keys, 0
        # By the monotonic clock, in seconds.
        self._last = self._not_before = time.monotonic()

    def after(self, keys: int) -> bool:
        """Whether it is due, when so many more keys have been read."""
        self._read += keys
        now = time.monotonic()
        return now >= self._not_before and (self._read >= self._keys or now - self._last >= _MOST_SECONDS)

    def was_made(self, began: float) -> None:
        """One is done that began at this second of the monotonic clock."""
        self._last, self._read = time.monotonic(), 0
        self._not_before = self._last + _TIMES_LONGER * (self._last - began)
