"""The state directory of a gate: which run it is, and between which servers. Where it stands is on the servers themselves."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from uplift.errors import BadInput
from uplift.state_directory import StateDirectory, write_whole

_COMMAND = "uplift sidekiq gate"


class GateRun(BaseModel):
    """gate.json."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    schema_name: Literal["uplift.gate.state/1"] = Field(default="uplift.gate.state/1", alias="schema")
    run: Annotated[str, Field(pattern="^[0-9a-z]{1,32}$")] = Field(default_factory=lambda: secrets.token_hex(4))
    source: str
    target: str


class GateDirectory(StateDirectory):
    """gate.json says whose it is."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "gate.json", begun_with=frozenset(), what="a gate", begun_by=_COMMAND)

    def read(self) -> GateRun | None:
        """None where nothing was begun. Raises BadInput."""
        try:
            return GateRun.model_validate_json(self.state_path.read_text())
        except FileNotFoundError:
            return None
        except (ValidationError, OSError, UnicodeDecodeError):
            raise BadInput(f"--state {self.path}: gate.json cannot be read, allowed: a file that `{_COMMAND}` wrote") from None

    def begun(self, fresh: GateRun) -> GateRun:
        """What an earlier process began, or `fresh`, written down. Raises BadInput where it is of other servers, NotWritten."""
        earlier = self.read()
        if earlier is None:
            write_whole(self.state_path, fresh.model_dump_json(by_alias=True), is_durable=True)
            return fresh
        if (earlier.source, earlier.target) != (fresh.source, fresh.target):
            raise BadInput(
                f"--state {self.path}: it belongs to a gate from {earlier.source} to {earlier.target}, allowed: the same servers, or "
                "another --state; it turns back by --back, with the same --from and --to"
            )
        return earlier
