"""Whether the servers are in sync: a state that is earned by a whole pass, and lost by whatever makes it doubtful."""

from __future__ import annotations

from dataclasses import dataclass

MOST_LAG_SECONDS = 1.0
LONG_SECONDS = 5.0
"""A key that is dirty for longer is no key in flight any more."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Of one database. `unexplained`: of the latest whole pass, how many keys differed that no event had told of; None: there was none.

    `gaps_are_over`: that pass, or one before it, began after the last gap had ended. `oldest_dirty_seconds`: how long the key has waited
    that waits longest; `lag_p99_seconds` None: nothing was told lately.
    """

    problem: str | None
    gaps_are_over: bool
    unexplained: int | None
    oldest_dirty_seconds: float
    lag_p99_seconds: float | None


def why_not_in_sync(databases: dict[int, Evidence]) -> str | None:
    """The first reason in any database; None where they are in sync."""
    for database, evidence in databases.items():
        reason = _why_not(evidence)
        if reason is not None:
            return f"database {database}: {reason}"
    return None


def _why_not(evidence: Evidence) -> str | None:
    if evidence.problem is not None:
        return evidence.problem
    if evidence.unexplained is None:
        return "no pass has compared every key yet"
    if not evidence.gaps_are_over:
        return "no pass has compared every key since the last gap"
    if evidence.unexplained:
        return f"the latest pass found {evidence.unexplained:,} keys that differed though no event had told of them"
    if evidence.oldest_dirty_seconds > LONG_SECONDS:
        return f"a key has waited for {evidence.oldest_dirty_seconds:.0f} s, allowed: {LONG_SECONDS:.0f} s"
    if evidence.lag_p99_seconds is not None and evidence.lag_p99_seconds > MOST_LAG_SECONDS:
        return f"the lag is {evidence.lag_p99_seconds:.1f} s (p99), allowed: {MOST_LAG_SECONDS:.0f} s"
    return None
