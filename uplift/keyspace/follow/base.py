"""Temporary."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BaseEntry:
    source: bytes
    target: bytes
    life: int
    round: int


class Base:
    def __init__(self) -> None:
        self._by_key: dict[bytes, BaseEntry] = {}
        self.is_complete = False

    def get(self, key: bytes) -> BaseEntry | None:
        return self._by_key.get(key)

    def put(self, key: bytes, entry: BaseEntry) -> None:
        self._by_key[key] = entry

    def forget(self, key: bytes) -> None:
        self._by_key.pop(key, None)

    def set_in_flight(self, key: bytes) -> None:
        pass
