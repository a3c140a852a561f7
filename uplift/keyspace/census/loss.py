"""Which cold keys were lost? A pure judgement on two checks: one before the upgrade, when nobody but the application acted, and one after.

A key that was cold is missing or changed afterwards because it expired, because the server evicted it, because the application
deleted or wrote it, or because it was lost. The first two the server counts; how often the application does the third is measured
beforehand on the same keys; the rest is lost.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from uplift.keyspace.census.cold_check import ColdCount

# One in a thousand runs without a loss would have more than this many standard deviations above the measured rate.
_DEVIATIONS = 3.1


@dataclass(frozen=True, slots=True)
class Account:
    """Of one kind of difference: how many keys, how many the application explains, how many the server evicted, and the rest."""

    found: int
    by_application: int
    evicted: int

    @property
    def unexplained(self) -> int:
        """Lost."""
        return max(0, self.found - self.by_application - self.evicted)


@dataclass(frozen=True, slots=True)
class LossJudgement:
    """Both accounts, and the sentence that says what was lost; empty when nothing was."""

    missing: Account
    changed: Account
    loss: str


def judge_loss(measured: ColdCount, after: ColdCount, *, evicted: int) -> LossJudgement:
    """Judge. `measured` is the check before the upgrade; `evicted` what the server's own counters say for the time between."""
    missing = Account(after.missing, expected(measured.missing, measured.key_seconds, after.key_seconds), evicted)
    changed_before, changed_after = (count.value_changed + count.ttl_changed for count in (measured, after))
    changed = Account(changed_after, expected(changed_before, measured.key_seconds, after.key_seconds), 0)
    parts = [_sentence("missing", missing), _sentence("changed", changed)]
    return LossJudgement(missing, changed, "; ".join(part for part in parts if part))


def expected(events: int, key_seconds: float, later_key_seconds: float) -> int:
    """How many events the application explains at most in `later_key_seconds`, after `events` were seen in `key_seconds`.

    Counts of rare events vary by their square root, the measured one and the later one both. None seen explains none.
    """
    if events == 0 or key_seconds <= 0:
        return 0
    ratio = later_key_seconds / key_seconds
    return math.ceil(ratio * events + _DEVIATIONS * math.sqrt(ratio * events + ratio * ratio * events))


def _sentence(what: str, account: Account) -> str:
    if not account.unexplained:
        return ""
    explained = f"at the rate measured before, the application explains {account.by_application}"
    evicted = f", {account.evicted} were evicted" if account.evicted else ""
    return f"{account.found} cold keys are {what}: {explained}{evicted}, so {account.unexplained} are lost"
