"""What every settings model shares: frozen, unknown fields refused, and checks across fields in one place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

from uplift.engines.catalogue import Engine, creatable_versions, why_not_taken

PROBLEMS = "settings_problems"


class FrozenSettings(BaseModel):
    """Base of the settings models. A misspelt field is an error, never a silent default."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        problems = list(self.problems())
        if problems:
            raise PydanticCustomError(PROBLEMS, "{said}", {"said": "; ".join(problems), "problems": problems})
        return self

    def problems(self) -> Iterator[str]:
        """What is wrong with fields that are right one by one, each beginning with a field's name."""
        yield from ()


def checked_version(engine: Engine, value: str, verb: str) -> str:
    """Return `value` where ElastiCache still takes it. Raises ValueError with what is allowed: "cannot be `verb`"."""
    allowed = creatable_versions(engine)
    if value not in allowed:
        why = why_not_taken(engine, value) or f"cannot be {verb}"
        raise ValueError(f"{value!r} {why}, allowed for {engine}: {', '.join(allowed)}")
    return value
