"""What an engine is to the run it was started for: whether it begins it, leads it, stands by, or waits."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from uplift.split.record.split_record import SplitRecord
from uplift.split.record.steps import StepName

SURELY_ALIVE_SECONDS = 3.0
"""An engine that beats once a second was heard by then."""


class Role(Enum):
    """BEGIN: there is no run yet. LEAD: nobody else does. STAND_BY: listen, and take over when the leading one falls silent. WAIT: it is
    not known yet, or there is nothing to listen to. OVER: the run is.
    """

    BEGIN = "begin"
    LEAD = "lead"
    STAND_BY = "stand by"
    WAIT = "wait"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Seen:
    """What one engine sees of the others. `leader_is_alive`: its beats were seen to grow lately; `leader_silent_seconds`: else, for how
    long they were not. `is_dead_after`: so long is enough for one that stands by.
    """

    me: str
    stands_by: bool
    leader_is_alive: bool
    leader_silent_seconds: float
    is_dead_after: float


@dataclass(frozen=True, slots=True)
class RoleDecision:
    """With the reason."""

    role: Role
    why: str = ""


def role_of(record: SplitRecord | None, seen: Seen) -> RoleDecision:
    """Decide, while this engine neither leads nor stands by."""
    if record is None:
        return RoleDecision(Role.WAIT, "no run was begun yet") if seen.stands_by else RoleDecision(Role.BEGIN)
    if record.stage.is_over and record.command is None and record.unfinished is None:
        return RoleDecision(Role.OVER, f"the run is {record.stage.value}")
    if are_standbys_to_leave(record) and seen.leader_is_alive:
        return RoleDecision(Role.WAIT, "the run is being ended")
    if record.engine in {"", seen.me}:
        return RoleDecision(Role.LEAD)
    if seen.leader_is_alive:
        return _beside_a_leader(record)
    patience = seen.is_dead_after if seen.stands_by else SURELY_ALIVE_SECONDS
    if seen.leader_silent_seconds >= patience:
        return RoleDecision(Role.LEAD, f"engine {record.engine} has been silent for {seen.leader_silent_seconds:.0f} s")
    if seen.stands_by and record.has_led and not record.stage.is_over:
        return RoleDecision(Role.STAND_BY)
    return RoleDecision(Role.WAIT, f"whether engine {record.engine} lives")


def are_standbys_to_leave(record: SplitRecord) -> bool:
    """Whether a command is under way at whose end nobody may take over any more."""
    return record.command is not None and record.command.has_begun(StepName.STANDBYS)


def _beside_a_leader(record: SplitRecord) -> RoleDecision:
    """Also one that was not started to stand by: of two that are started again together the other one may be quicker."""
    if record.has_led and not record.stage.is_over:
        return RoleDecision(Role.STAND_BY)
    return RoleDecision(Role.WAIT, f"engine {record.engine} copies: there is nothing to listen to yet")
