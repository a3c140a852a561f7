"""What engines and operators of one run share, as it is stored: one document, changed as a whole, each change with the next revision."""

from __future__ import annotations

import secrets
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from uplift import __version__
from uplift.errors import BadInput
from uplift.keyspace.follow.live_settings import LiveSetting
from uplift.split.record.asked import Answered
from uplift.split.record.stage import Phase, Stage
from uplift.split.record.steps import Command, StoredStep, Unfinished

SCHEMA = "uplift.split.state/1"
MOST_HISTORY = 200


class SplitRecord(BaseModel):
    """`secret` keys the hashes in labels. `source` and `targets` are addresses, never with a password; `database` is Sidekiq's.

    `engine` leads, as far as it was written down; `version` is that of its code. `is_prechecked`, `is_copied`, `is_armed` (both directions
    are followed): what need not be done again. `left_behind` are patterns the operator acknowledged. `reached`: when each phase was
    reached first, `stage_at` when the stage was, in seconds since 1970. `answered`: what the latest request came to, stored with
    what was changed: an engine may die before it tells its author.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    schema_name: str = Field(default=SCHEMA, alias="schema")
    run: Annotated[str, Field(pattern="^[0-9a-f]{8}$")] = Field(default_factory=lambda: secrets.token_hex(4))
    secret: Annotated[str, Field(pattern="^[0-9a-f]{32}$")] = Field(default_factory=lambda: secrets.token_hex(16), repr=False)
    source: str
    targets: dict[str, str]
    keymap: str
    database: Annotated[int, Field(ge=0)] = 0
    version: str = __version__
    revision: Annotated[int, Field(ge=0)] = 0
    engine: str = ""
    engines_used: int = 0
    stage: Stage = Stage.OLD
    stage_at: float = 0.0
    databases: tuple[int, ...] = ()
    is_prechecked: bool = False
    is_copied: bool = False
    has_led: bool = False
    is_armed: bool = False
    left_behind: tuple[str, ...] = ()
    settings: dict[str, LiveSetting] = Field(default_factory=dict)
    command: Command | None = None
    unfinished: Unfinished | None = None
    answered: Answered | None = None
    history: tuple[StoredStep, ...] = ()
    reached: dict[Phase, float] = Field(default_factory=dict)

    @property
    def text(self) -> str:
        """As it is stored."""
        return self.model_dump_json(by_alias=True)

    def changed(self, **changes: object) -> SplitRecord:
        """The next revision."""
        return self.model_copy(update={**changes, "revision": self.revision + 1})

    def with_history(self, steps: tuple[StoredStep, ...]) -> tuple[StoredStep, ...]:
        """The history with more steps; of very many the latest."""
        return (*self.history, *steps)[-MOST_HISTORY:]


def record_from(text: str, place: str) -> SplitRecord:
    """Read it. Raises BadInput naming the place, the field, and what is allowed."""
    try:
        record = SplitRecord.model_validate_json(text)
    except ValidationError as problem:
        first = problem.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, first["loc"])) or "the whole file"
        raise BadInput(f"{place}: {field}: {first['msg']}, allowed: what `uplift split run` wrote ({SCHEMA})") from None
    if record.schema_name != SCHEMA:
        raise BadInput(f"{place}: schema {record.schema_name!r}, allowed: {SCHEMA}; begin anew with another --state")
    return record
