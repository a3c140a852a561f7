"""What a list or a mapping of the settings may be, in words."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from uplift.settings.values import refused, shown


def _itself(entry: object) -> object:
    return entry


@dataclass(frozen=True, slots=True)
class EachOnce:
    """A list in which nothing stands twice; `key` says what counts as the same."""

    fewest: int = 0
    most: int | None = None
    key: Callable[[object], object] = _itself

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.read, handler(source))

    def read(self, found: object) -> object:
        """Raises the refusal in words."""
        if not isinstance(found, list | tuple | frozenset):
            raise refused(f"found {shown(found)}, allowed: a list")
        if len(found) < self.fewest or (self.most is not None and len(found) > self.most):
            entries = "1 entry" if len(found) == 1 else f"{len(found)} entries"
            raise refused(f"has {entries}, allowed: {self.fewest} to {self.most}")
        first: dict[object, object] = {}
        for entry in found:
            if not isinstance(entry, Hashable):
                continue
            key = self.key(entry)
            if key in first:
                other = "" if entry == first[key] else f", as {shown(entry)} too"
                raise refused(f"has {shown(first[key])} twice{other}, allowed: each once")
            first[key] = entry
        return found


@dataclass(frozen=True, slots=True)
class Pairs:
    """A mapping of names to values."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.read, handler(source))

    def read(self, found: object) -> object:
        """Raises the refusal in words."""
        if not isinstance(found, Mapping):
            raise refused(f"found {shown(found)}, allowed: a mapping of names to values")
        return found
