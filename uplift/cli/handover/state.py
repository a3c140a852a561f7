"""The state directory of a handover: which run it is, between which servers, and what a person set while it runs.

Nothing a job depends on is in here: ledgers and outboxes are on the servers. Lost, it costs the run's name, which the outboxes tell.
"""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from uplift.errors import BadInput
from uplift.state_directory import StateDirectory, write_whole

_Model = TypeVar("_Model", bound=BaseModel)
SCHEMA: Literal["uplift.handover.state/1"] = "uplift.handover.state/1"


class LiveSettings(BaseModel):
    """What may be set while it runs. `paused_until` in seconds since 1970; None: until `resume`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    throttle: Annotated[float, Field(ge=0)] = 0.0
    is_paused: bool = False
    paused_until: float | None = None

    def stands_still(self, now: float) -> bool:
        """Whether nothing is to be moved at this moment (seconds since 1970)."""
        return self.is_paused and (self.paused_until is None or now < self.paused_until)


class HandoverState(BaseModel):
    """handover.json."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    schema_name: Literal["uplift.handover.state/1"] = Field(default=SCHEMA, alias="schema")
    run: Annotated[str, Field(pattern="^[0-9a-z]{1,32}$")] = Field(default_factory=lambda: secrets.token_hex(4))
    source: str
    target: str


class HandoverDirectory(StateDirectory):
    """handover.json says whose it is, settings.json what is set, status.json how it stands."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            path, "handover.json", begun_with=frozenset({"settings.json"}), what="a handover", begun_by="uplift sidekiq handover"
        )
        self.settings_path = path / "settings.json"

    def begun(self, fresh: HandoverState) -> HandoverState:
        """What an earlier process began, or `fresh`, written down. Raises BadInput where it is of other servers, NotWritten."""
        earlier = self.read()
        if earlier is None:
            write_whole(self.state_path, fresh.model_dump_json(by_alias=True), is_durable=True)
            return fresh
        differing = [name for name in ("source", "target", "run") if getattr(earlier, name) != getattr(fresh, name)]
        if "run" in differing and len(differing) == 1:
            return earlier
        if differing:
            raise BadInput(
                f"--state {self.path}: it belongs to a handover from {earlier.source} to {earlier.target}, allowed: the same servers, or "
                "another --state; the way back is a handover of its own"
            )
        return earlier

    def read(self) -> HandoverState | None:
        """None where nothing was begun. Raises BadInput."""
        return _read(self.state_path, HandoverState, f"--state {self.path}")

    def existing(self) -> HandoverState:
        """A state that must be there. Raises BadInput where it is not."""
        found = self.read() if self.path.is_dir() else None
        if found is None:
            raise BadInput(f"--state {self.path}: no handover was begun with it, allowed: the directory given to `uplift sidekiq handover`")
        return found

    def settings(self) -> LiveSettings:
        """As they were set last. Raises BadInput."""
        return _read(self.settings_path, LiveSettings, f"--state {self.path}") or LiveSettings()

    def set(self, settings: LiveSettings) -> None:
        """A running handover takes it within a second. Raises NotWritten."""
        write_whole(self.settings_path, settings.model_dump_json(), is_durable=True)


def _read(path: Path, model: type[_Model], place: str) -> _Model | None:
    try:
        return model.model_validate_json(path.read_text())
    except FileNotFoundError:
        return None
    except ValidationError as problem:
        first = problem.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, first["loc"])) or "the whole file"
        raise BadInput(f"{place}: {path.name}: {field}: {first['msg']}, allowed: a file that `uplift sidekiq handover` wrote") from None
    except (OSError, UnicodeDecodeError) as problem:
        raise BadInput(f"{place}: {path.name}: {problem}, allowed: a file that `uplift sidekiq handover` wrote") from None


def paused_for(seconds: float | None) -> LiveSettings:
    """Settings of a pause."""
    return LiveSettings(is_paused=True, paused_until=None if seconds is None else time.time() + seconds)
