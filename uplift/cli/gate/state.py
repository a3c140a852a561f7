"""The state directory of a gate: which run it is, and between which servers. Where it stands is on the servers themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from uplift.cli.run_directory import RunDirectory, RunOfServers


class GateRun(RunOfServers):
    """gate.json."""

    schema_name: Literal["uplift.gate.state/1"] = Field(default="uplift.gate.state/1", alias="schema")


class GateDirectory(RunDirectory[GateRun]):
    """gate.json says whose it is."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            path,
            "gate.json",
            GateRun,
            begun_with=frozenset(),
            what="gate",
            begun_by="uplift sidekiq gate",
            way_back="it turns back by --back, with the same --from and --to",
        )
