"""Writes files in a thread of its own: where a disk is busy a file takes tens of ms, in which a follow would stand still."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor


class Disk:
    """Does one thing after the other, in the order in which they were given."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="disk")
        self._under_way: dict[str, Future[None]] = {}

    def do(self, write: Callable[[], None]) -> None:
        """Do it, after everything that was given before, and wait. Raises what it raises."""
        self._threads.submit(write).result()

    def do_soon(self, name: str, write: Callable[[], None]) -> None:
        """Do it without waiting; where the latest of this name is still under way, not at all. Raises what the latest one raised."""
        latest = self._under_way.get(name)
        if latest is not None:
            if not latest.done():
                return
            latest.result()
        self._under_way[name] = self._threads.submit(write)

    def close(self) -> None:
        """Wait for everything. Safe to call twice."""
        self._threads.shutdown(wait=True)
