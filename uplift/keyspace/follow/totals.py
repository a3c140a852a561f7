"""What an engine did, since it began and in one step."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from uplift.keyspace.follow.judgement import Judgement


@dataclass(slots=True)
class Totals:
    """Since the engine began. `named` and `conflicts` by reason; the keys named are told one by one in Step.

    `left` by reason, since the pass under way began: every pass comes to such a key again. `left_before`: at the end of the one before.
    """

    rounds: int = 0
    abandoned: int = 0
    written: int = 0
    equal: int = 0
    changed: int = 0
    refused: int = 0
    left: Counter[str] = field(default_factory=Counter)
    left_before: Counter[str] = field(default_factory=Counter)
    conflicts: Counter[str] = field(default_factory=Counter)
    named: Counter[str] = field(default_factory=Counter)

    def begin_pass(self) -> None:
        """It comes to every key."""
        self.left_before, self.left = self.left, Counter()

    @property
    def left_unequal(self) -> Counter[str]:
        """How many keys stay unequal, by reason, as far as the latest whole pass and the one under way say."""
        return self.left | self.left_before

    def take(self, judgement: Judgement) -> None:
        """What a page, or a big key, came to."""
        self.equal += judgement.equal
        self.written += judgement.written_in_pieces
        self.conflicts.update(judgement.conflicts)
        self.named.update(reason for _, reason in judgement.named)
        self.left.update(reason for _, reason in judgement.left)


@dataclass(frozen=True, slots=True)
class Step:
    """What one step did. `problem`: why nothing could be done; `named`: keys that policy decided, with the reason; `unexplained`: keys that
    differed though nothing had touched them; `lag_seconds`: how long ago the oldest key of this round was told of.
    """

    read: int = 0
    written: int = 0
    named: tuple[tuple[bytes, str], ...] = ()
    unexplained: tuple[bytes, ...] = ()
    problem: str | None = None
    lag_seconds: float | None = None
