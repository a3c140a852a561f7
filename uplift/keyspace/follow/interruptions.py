"""What breaks a round off, and what ends an engine."""

from __future__ import annotations


class Abandoned(Exception):
    """A round that came to nothing: its keys stay dirty."""


class Fenced(Exception):
    """Another engine holds the lease. `by` is its text."""

    def __init__(self, by: bytes) -> None:
        super().__init__(f"another engine holds the lease: {by.decode('ascii', 'replace')}")
        self.by = by
