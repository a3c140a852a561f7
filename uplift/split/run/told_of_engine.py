"""What an engine says of itself to whoever drives it."""

from __future__ import annotations

from dataclasses import dataclass

from uplift.split.decisions.role import Role
from uplift.split.record.stage import Phase
from uplift.split.status.split_status import SplitStatus


@dataclass(frozen=True, slots=True)
class EngineTold:
    """`status` is there where it leads; else `why` says what it waits for, and `is_warm` whether it could take over without a gap."""

    engine: str
    role: Role
    phase: Phase
    why: str = ""
    is_warm: bool = False
    status: SplitStatus | None = None
