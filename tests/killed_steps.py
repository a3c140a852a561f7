"""How a run ends whose function dies at one step: the same for the deployed functions and for the steps in one process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from uplift.inplace.records.run_state import Step

Death = Literal["die-before", "die-in"]
DEATHS: tuple[Death, ...] = ("die-before", "die-in")
_OF_A_RECOVERY = (Step.RESTORE, Step.OBSERVE_RESTORED, Step.LOOK_AT_LEGACY, Step.REPORT_RECOVERY)
UPGRADE_STEPS = tuple(step for step in Step if step not in _OF_A_RECOVERY)
_BEFORE_MODIFY = (Step.LOCK, Step.PROBE, Step.PREFLIGHT, Step.CENSUS_BEFORE, Step.SNAPSHOT, Step.MEASURE, Step.RECHECK)


@dataclass(frozen=True)
class Ends:
    """The first start's end; the second brings the upgrade to its own."""

    last_state: str
    outcome: str
    says: str = ""
    before_modify: bool = False


def how_it_ends(step: Step, death: Death) -> Ends:
    """A known state, whatever dies."""
    if step in _BEFORE_MODIFY:
        return Ends("Failed", "failed", "Runtime.ExitError", before_modify=True)
    if step in (Step.REPORT, Step.UNLOCK):
        return Ends("Unreported", "Unreported")
    if step in (Step.CENSUS_AFTER, Step.COMPARE):
        return Ends("Failed", "unproven")
    if step is Step.MODIFY and death == "die-before":
        return Ends("Failed", "failed", "before it sent the modify")
    return Ends("Succeeded", "upgraded")
