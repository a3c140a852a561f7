"""What every settings model shares: frozen, unknown fields refused, and checks across fields in one place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

from uplift.engines.catalogue import Engine, creatable_versions

PROBLEM = "settings_problem"


class FrozenSettings(BaseModel):
    """Base of the settings models. A misspelt field is an error, never a silent default."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        for problem in self.problems():
            raise PydanticCustomError(PROBLEM, "{problem}", {"problem": problem})
        return self

    def problems(self) -> Iterator[str]:
        """What is wrong with fields that are right one by one, each beginning with a field's name; the first is what the person reads."""
        yield from ()


def checked_version(engine: Engine, value: str, verb: str) -> str:
    """Return `value` where ElastiCache still takes it. Raises ValueError with what is allowed: "cannot be `verb`"."""
    allowed = creatable_versions(engine)
    if value not in allowed:
        raise ValueError(f"{value!r} cannot be {verb}, allowed for {engine}: {', '.join(allowed)}")
    return value
