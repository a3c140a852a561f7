"""follow.json: what a follow must know to go on after any end, as it is written down."""

from __future__ import annotations

import json
import secrets
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from uplift.errors import BadInput
from uplift.keyspace.follow.key_state import Side
from uplift.keyspace.follow.live_settings import DEFAULTS, LiveSetting, SettingName

SCHEMA = "uplift.follow.state/1"
Authority = Literal["source", "target"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DatabaseState(_Strict):
    """`round`: one that was reached; those of a restart begin far above it. `complete_since` as in Pasts."""

    round: Annotated[int, Field(ge=0)] = 0
    complete_since: int | None = None


class FollowState(_Strict):
    """The whole file. `secret` keys the hashes in labels, so that they can be compared between restarts.

    `is_copied`: the first copy is over. `has_led`: an engine of this directory has held the lease, and `was_ended`: the run's own keys were
    removed since. `led_as`: the engine of this directory that held it last; "" where none did, None where that was not written down.
    `revision` grows with everything that is decided for the run.
    """

    schema_name: str = Field(default=SCHEMA, alias="schema")
    run: Annotated[str, Field(pattern="^[0-9a-f]{8}$")] = Field(default_factory=lambda: secrets.token_hex(4))
    secret: Annotated[str, Field(pattern="^[0-9a-f]{32}$")] = Field(default_factory=lambda: secrets.token_hex(16), repr=False)
    source: str
    targets: dict[str, str]
    keymap: str
    is_copied: bool = False
    has_led: bool = False
    led_as: Annotated[str, Field(pattern="^([0-9a-f]{8})?$")] | None = None
    was_ended: bool = False
    is_two_way: bool = False
    authority: Authority = "source"
    revision: int = 0
    databases: dict[int, DatabaseState] = Field(default_factory=dict)
    settings: dict[SettingName, LiveSetting] = Field(default_factory=lambda: {name: LiveSetting(DEFAULTS[name]) for name in SettingName})
    named: dict[str, str] = Field(default_factory=dict)
    named_by_reason: dict[str, int] = Field(default_factory=dict)

    @field_validator("settings")
    @classmethod
    def _all_of_them(cls, settings: dict[SettingName, LiveSetting]) -> dict[SettingName, LiveSetting]:
        """A file that was written before there was one of them."""
        return {name: settings.get(name, LiveSetting(DEFAULTS[name])) for name in SettingName}

    @property
    def authority_side(self) -> Side:
        """The side that decides where nothing else can."""
        return side_of(self.authority)

    def of_database(self, database: int) -> DatabaseState:
        """What is known of a database; made where there is nothing yet."""
        return self.databases.setdefault(database, DatabaseState())


def side_of(authority: Authority) -> Side:
    """From the word a person says."""
    return Side.TARGET if authority == "target" else Side.SOURCE


def authority_of(side: Side) -> Authority:
    """The word for a side."""
    return "target" if side is Side.TARGET else "source"


def state_from(text: str, place: str) -> FollowState:
    """Read the file's text. Raises BadInput naming `place`, the field, and what is allowed."""
    try:
        state = FollowState.model_validate_json(text)
    except ValidationError as problem:
        if (written := _schema_of(text)) not in {SCHEMA, ""}:
            raise BadInput(f"{place}: schema {written!r}, allowed: {SCHEMA}; begin anew with another --state") from None
        first = problem.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, first["loc"])) or "the whole file"
        raise BadInput(f"{place}: {field}: {first['msg']}, allowed: a file that `uplift follow run` wrote ({SCHEMA})") from None
    if state.schema_name != SCHEMA:
        raise BadInput(f"{place}: schema {state.schema_name!r}, allowed: {SCHEMA}; begin anew with another --state")
    return state


def state_text(state: FollowState) -> str:
    """As it is written."""
    return json.dumps(state.model_dump(mode="json", by_alias=True))


def _schema_of(text: str) -> str:
    try:
        document = json.loads(text)
    except ValueError:
        return ""
    return str(document.get("schema", "")) if isinstance(document, dict) else ""
