"""A run's key, its durable record, and whether a new execution begins or goes on with it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum

from uplift.inplace.records.observation import Observation

SNAPSHOT_PREFIX = "uplift-"
RUN_ID_LENGTH = 10


def snapshot_prefix(source: str) -> str:
    """What the names of all snapshots of one source's runs begin with."""
    return f"{SNAPSHOT_PREFIX}{source[:22].rstrip('-')}-"


def is_run_snapshot(source: str, name: str, taken_of: str) -> bool:
    """Whether a snapshot is one of this source's runs, by its name and by the node it was taken of.

    Those of `api-prod` begin as those of `api` do, with more before the run's id; those of two long ids that begin alike have one name.
    """
    is_named = re.fullmatch(rf"{re.escape(snapshot_prefix(source))}[0-9a-f]{{{RUN_ID_LENGTH}}}", name)
    return is_named is not None and re.fullmatch(rf"{re.escape(source)}(-\d+)?", taken_of) is not None


class Phase(StrEnum):
    """How far a run came. It is written before the act it names, so a later look knows what may have happened."""

    STARTED = "started"
    MODIFY_REQUESTED = "modify-requested"


@dataclass(frozen=True, slots=True)
class RunKey:
    """What makes a run this run: source, observed version, target and attempt. Never a clock or an execution."""

    source: str
    observed_version: str
    target: str
    attempt: int

    def __str__(self) -> str:
        return f"{self.source}/{self.observed_version}/{self.target}/{self.attempt}"

    @property
    def id(self) -> str:
        """Ten hexadecimal digits: what people call the run by, and where its reports are kept."""
        return hashlib.sha256(str(self).encode()).hexdigest()[:RUN_ID_LENGTH]

    @property
    def snapshot_name(self) -> str:
        """At most 40 characters, a letter first, no double hyphen (API reference, CreateSnapshot)."""
        return f"{snapshot_prefix(self.source)}{self.id}"


@dataclass(frozen=True, slots=True)
class RunRecord:
    """The record in the lock table. `modify_requested_at` is 0 until then; times are seconds since 1970."""

    key: RunKey
    phase: Phase
    modify_requested_at: int
    failover_before: bool
    census_pages: int

    @property
    def may_have_modified(self) -> bool:
        """Whether a modify may have reached ElastiCache."""
        return self.phase is Phase.MODIFY_REQUESTED


def goes_on(earlier: RunRecord | None, wanted: RunKey, observation: Observation) -> bool:
    """Whether an execution continues `earlier` by observing, instead of beginning `wanted`.

    Before the modify there is nothing to continue: the same key leads to the same snapshot. A run whose modify may have been accepted is
    gone on with while anything may still come of it. Once legacy has settled with all nodes at one version, another target begins anew, and
    so does a raised attempt, unless every node is at the target: then only the comparison is missing.
    """
    if earlier is None or not earlier.may_have_modified:
        return False
    if not observation.settled or len(observation.versions) != 1:
        return True
    if wanted.target != earlier.key.target:
        return False
    version = observation.version
    has_arrived = version is not None and f"{version.engine}-{version.requested}" == earlier.key.target
    return has_arrived or wanted.attempt <= earlier.key.attempt
