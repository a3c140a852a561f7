"""The state directory of a handover: which run it is, between which servers, and what a person set while it runs.

Nothing a job depends on is in here: ledgers and outboxes are on the servers. Lost, it costs the run's name, which the outboxes tell.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from uplift.cli.run_directory import RunDirectory, RunOfServers
from uplift.state_directory import one_at_a_time, write_whole

MOST_JOBS_A_SECOND = 1_000_000_000


class LiveSettings(BaseModel):
    """What may be set while it runs. `throttle` in jobs a second, 0: none. `paused_until` in seconds since 1970, None: until `resume`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    throttle: Annotated[float, Field(ge=0, le=MOST_JOBS_A_SECOND, allow_inf_nan=False)] = 0.0
    is_paused: bool = False
    paused_until: float | None = None

    def stands_still(self, now: float) -> bool:
        """Whether nothing is to be moved at this moment (seconds since 1970)."""
        return self.is_paused and (self.paused_until is None or now < self.paused_until)


class HandoverRun(RunOfServers):
    """handover.json."""

    schema_name: Literal["uplift.handover.state/1"] = Field(default="uplift.handover.state/1", alias="schema")


class HandoverDirectory(RunDirectory[HandoverRun]):
    """handover.json says whose it is, settings.json what is set, status.json how it stands."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            path,
            "handover.json",
            HandoverRun,
            begun_with=frozenset({"settings.json", "settings.lock"}),
            what="handover",
            begun_by="uplift sidekiq handover",
            way_back="the way back is a handover of its own",
        )
        self.settings_path = path / "settings.json"

    def settings(self) -> LiveSettings:
        """As they were set last. Raises BadInput."""
        remedy = "remove it, and set again what was set: without it there is no throttle and no pause"
        return self.read_file(self.settings_path, LiveSettings, remedy) or LiveSettings()

    def change(self, **changes: float | bool | None) -> LiveSettings:
        """All of them as they are afterwards; a running handover takes them within a second. Raises BadInput, NotWritten."""
        with one_at_a_time(self.path / "settings.lock"):
            settings = LiveSettings.model_validate({**self.settings().model_dump(), **changes})
            if changes:
                write_whole(self.settings_path, settings.model_dump_json(), is_durable=True)
        return settings
