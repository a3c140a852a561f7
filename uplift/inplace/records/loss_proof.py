"""The proof that nothing was lost: counts and cold keys of both sides, joined and judged."""

from __future__ import annotations

from dataclasses import dataclass

from uplift.keyspace.census.change import CensusChange
from uplift.keyspace.census.cold_check import ColdCount
from uplift.keyspace.census.loss import LossJudgement


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
