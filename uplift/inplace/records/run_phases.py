"""What each state of the state machine does, in words for people, and how long it usually takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase; several states belong to it. `usual` says from where the figure is."""

    name: str
    waits_for: str
    usual: str
    before_modify: bool


_START = Phase("start", "lock, probe of every node and preflight", "seconds", before_modify=True)
_BACKUP = Phase("backup", "a backup of legacy that was under way", "minutes, with the memory used; AWS gives no figure", before_modify=True)
_CENSUS = Phase(
    "census before", "every key to be counted and every cold one read", "about a minute a million keys (docs/census.md)", before_modify=True
)
_SNAPSHOT = Phase(
    "snapshot", "ElastiCache to finish the run's snapshot", "minutes, with the memory used; AWS gives no figure", before_modify=True
)
_MEASURE = Phase("measure", "the cold keys to be read again: how many does the application change?", "as the census", before_modify=True)
_RECHECK = Phase("recheck", "legacy to settle after the snapshot, and a last look", "seconds", before_modify=True)
_MODIFY = Phase("modify", "ElastiCache to take the request", "seconds", before_modify=False)
_ENGINE = Phase(
    "engine change",
    "every node to run the new engine, twice in a row",
    "about 2 minutes a small node (one published observation); hours for big ones",
    before_modify=False,
)
_AFTER = Phase("census after", "every key to be counted again", "less than the first census", before_modify=False)
_COMPARE = Phase("compare", "every cold key to be read again and compared", "as the census", before_modify=False)
_REPORT = Phase("report", "the report to be kept and sent, the lock to be given back", "seconds", before_modify=False)

PHASES: Mapping[str, Phase] = {
    "Lock": _START,
    "HasLock": _START,
    "Probe": _START,
    "Preflight": _START,
    "MayStart": _START,
    "WaitForBackup": _BACKUP,
    "CensusBefore": _CENSUS,
    "CensusBeforeDone": _CENSUS,
    "Snapshot": _SNAPSHOT,
    "HasSnapshot": _SNAPSHOT,
    "WaitForSnapshot": _SNAPSHOT,
    "Measure": _MEASURE,
    "MeasureDone": _MEASURE,
    "Recheck": _RECHECK,
    "IsStillSafe": _RECHECK,
    "WaitToSettle": _RECHECK,
    "Modify": _MODIFY,
    "WasTaken": _MODIFY,
    "WaitForEngine": _ENGINE,
    "Observe": _ENGINE,
    "IsDone": _ENGINE,
    "CensusAfter": _AFTER,
    "CensusAfterDone": _AFTER,
    "Compare": _COMPARE,
    "CompareDone": _COMPARE,
    "Report": _REPORT,
    "Unlock": _REPORT,
    "HowDidItEnd": _REPORT,
}


def may_have_modified(states: Iterable[str]) -> bool:
    """Whether an execution that entered these states has sent the modify, or goes on with a run that had."""
    return bool({"Modify", "WaitForEngine", "Observe"}.intersection(states))
