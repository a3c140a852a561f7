"""The proof that nothing was lost: counts and cold keys of both sides, joined and judged."""

from __future__ import annotations

from dataclasses import dataclass

from uplift.inplace.report_store import AFTER, BEFORE, COMPARE, MEASURE, CheckPage, ReportStore
from uplift.inplace.run_state import CheckProgress, RunState
from uplift.keyspace.census import Census
from uplift.keyspace.census_change import CensusChange, compare
from uplift.keyspace.cold_check import ColdCount
from uplift.keyspace.loss import LossJudgement, judge_loss

MOST_LABELS = 100


@dataclass(frozen=True, slots=True)
class ColdProof:
    """What became of the cold keys: in all, by pattern, and the first of the missing and changed as pattern and keyed hash.

    `measured` is the same check before the modify; `expired_counter` and `evicted_counter` are what the primary itself counted.
    """

    measured: ColdCount
    after: ColdCount
    judgement: LossJudgement
    patterns: dict[str, ColdCount]
    labels: list[str]
    expired_counter: int
    evicted_counter: int
    clear_names: str


@dataclass(frozen=True, slots=True)
class Proof:
    """Both halves; None where one could not be had."""

    counts: CensusChange | None = None
    patterns_before: dict[str, int] | None = None
    patterns_after: dict[str, int] | None = None
    cold: ColdProof | None = None

    @property
    def loss(self) -> str:
        """What was lost, in a sentence; empty when nothing was found lost."""
        return self.cold.judgement.loss if self.cold is not None else ""


def read_proof(state: RunState, store: ReportStore, largest_drop_percent: int) -> Proof:
    """Join what the data function left in the bucket. Raises ReportBucketUnusable."""
    if not (state.census_before.done and state.census_after.done):
        return Proof()
    before = store.read_census(BEFORE, state.census_before.pages)
    after = store.read_census(AFTER, state.census_after.pages)
    cold = _cold_proof(state, store) if state.compare.done else None
    evicted = cold.evicted_counter if cold is not None else 0
    return Proof(compare(before, after, largest_drop_percent, evicted=evicted), _keys(before), _keys(after), cold)


def read_measured(store: ReportStore) -> tuple[CheckProgress, CheckPage]:
    """The check before the modify: how far it came, and what it found. Raises ReportBucketUnusable."""
    progress = CheckProgress.model_validate_json(store.read(MEASURE))
    return progress, store.read_check(MEASURE, progress.pages)


def _keys(census: Census) -> dict[str, int]:
    return {pattern: count.keys for pattern, count in census.patterns.items()}


def _cold_proof(state: RunState, store: ReportStore) -> ColdProof:
    measured_until, measured = read_measured(store)
    after = store.read_check(COMPARE, state.compare.pages)
    same_process = measured_until.primary == state.compare.primary
    # A node that is new since then began to count at zero.
    evicted = state.compare.evicted - (measured_until.evicted if same_process else 0)
    expired = state.compare.expired - (measured_until.expired if same_process else 0)
    return ColdProof(
        measured=measured.total,
        after=after.total,
        judgement=judge_loss(measured.total, after.total, evicted=evicted),
        patterns=after.patterns,
        labels=after.labels[:MOST_LABELS],
        expired_counter=expired,
        evicted_counter=evicted,
        clear_names=store.clear_names_key(COMPARE) if after.labels else "",
    )
