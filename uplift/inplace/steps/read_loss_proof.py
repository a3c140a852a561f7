"""Reads the proof that nothing was lost from what the data function left in the bucket: counts and cold keys, joined and judged."""

from __future__ import annotations

from uplift.inplace.aws.report_store import AFTER, BEFORE, COMPARE, MEASURE, CheckPage, ReportStore
from uplift.inplace.records.loss_proof import ColdProof, Proof
from uplift.inplace.records.run_state import CheckProgress, RunState
from uplift.keyspace.census.census import Census, shared_in
from uplift.keyspace.census.change import compare
from uplift.keyspace.census.cold_check import ColdCount
from uplift.keyspace.census.loss import judge_loss
from uplift.keyspace.keymap.known_words import shown

MOST_LABELS = 100


def read_proof(state: RunState, store: ReportStore, largest_drop_percent: int) -> Proof:
    """Join what the data function left in the bucket. Raises ReportBucketUnusable."""
    if not (state.census_before.done and state.census_after.done):
        return Proof()
    before = store.read_census(BEFORE, state.census_before.pages)
    after = store.read_census(AFTER, state.census_after.pages)
    words = shared_in([before, after])
    before, after = before.shown(words), after.shown(words)
    cold = _cold_proof(state, store, words) if state.compare.done else None
    evicted = cold.evicted_counter if cold is not None else 0
    return Proof(compare(before, after, largest_drop_percent, evicted=evicted), _keys(before), _keys(after), cold)


def read_measured(store: ReportStore) -> tuple[CheckProgress, CheckPage]:
    """The check before the modify: how far it came, and what it found. Raises ReportBucketUnusable."""
    progress = CheckProgress.model_validate_json(store.read(MEASURE))
    return progress, store.read_check(MEASURE, progress.pages)


def _keys(census: Census) -> dict[str, int]:
    return {pattern: count.keys for pattern, count in census.patterns.items()}


def _cold_proof(state: RunState, store: ReportStore, words: frozenset[str]) -> ColdProof:
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
        patterns=_patterns_shown(after.patterns, words),
        labels=[_label_shown(label, words) for label in after.labels[:MOST_LABELS]],
        expired_counter=expired,
        evicted_counter=evicted,
        clear_names=store.clear_names_key(COMPARE) if after.labels else "",
    )


def _patterns_shown(patterns: dict[str, ColdCount], words: frozenset[str]) -> dict[str, ColdCount]:
    found: dict[str, ColdCount] = {}
    for pattern, count in patterns.items():
        found.setdefault(shown(pattern, words), ColdCount()).add(count)
    return found


def _label_shown(label: str, words: frozenset[str]) -> str:
    """Of `missing: users_b:<number> #1f0c9a7be2d4` the pattern in the middle; neither a fate nor a pattern holds `: `."""
    fate, separator, pattern = label.partition(": ")
    return f"{fate}{separator}{shown(pattern, words)}"
