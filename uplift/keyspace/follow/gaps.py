"""What a side's stream of events does not say: gaps, in which events may have been missed, and resets, which took the past itself away."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from uplift.keyspace.follow.evidence import Span


class ResetKind(StrEnum):
    """FAILOVER: another process answers, with an older state perhaps. FLUSH: keys vanished without events."""

    FAILOVER = "failover"
    FLUSH = "flush"


@dataclass(frozen=True, slots=True)
class Reset:
    """`last`: the first whole round after it, None while there was none.

    It concerns keys that were touched, or synced in `recent` or a later round, before it.
    """

    kind: ResetKind
    recent: int
    touched: frozenset[bytes]
    last: int | None = None

    def concerns(self, key: bytes, base_round: int | None, *, is_absent: bool) -> bool:
        """Whether the key's past on this side may be gone. `base_round` None: not known when it was equal last."""
        if base_round is not None and self.last is not None and base_round >= self.last:
            return False
        if self.kind is ResetKind.FLUSH:
            return is_absent
        return key in self.touched or base_round is None or base_round >= self.recent


@dataclass(slots=True)
class Gaps:
    """Of one side. Rounds are numbers of rounds; gap and reset are over with the first round that was whole after them.

    `opened`: the last whole round before the gap that is open, None where none is.
    """

    opened: int | None = None
    spans: list[Span] = field(default_factory=list)
    resets: list[Reset] = field(default_factory=list)

    def open(self, last_whole_round: int) -> None:
        """Events may be missed since that round. A second reason while it is open can only say that it began earlier."""
        self.opened = last_whole_round if self.opened is None else min(self.opened, last_whole_round)

    def close(self, round_: int) -> None:
        """The first whole round after: its readings lie behind gap and reset, and what was synced before it lies within."""
        if self.opened is not None:
            self.spans.append(Span(self.opened, round_))
            self.opened = None
        if self.resets and self.resets[-1].last is None:
            self.resets = [
                reset if reset.last is not None else Reset(reset.kind, reset.recent, reset.touched, round_) for reset in self.resets
            ]

    @property
    def are_over(self) -> bool:
        """Whether every key was compared since the last of them."""
        return self.opened is None and not self.spans and not self.resets

    @property
    def has_flush(self) -> bool:
        """Whether it is known that keys vanished without events, and not every key was compared since."""
        return any(reset.kind is ResetKind.FLUSH for reset in self.resets)

    def gap_of(self, base_round: int | None) -> Span | None:
        """The gap that the last sync of a key was read before, from the beginning of the first of several to the end of the last;
        `base_round` None: not known.
        """
        covering = [span for span in self.spans if base_round is None or base_round < span.last]
        return Span(covering[0].first, covering[-1].last) if covering else None

    def reset_of(self, key: bytes, base_round: int | None, *, is_absent: bool) -> Reset | None:
        """The latest reset that concerns a key."""
        return next((reset for reset in reversed(self.resets) if reset.concerns(key, base_round, is_absent=is_absent)), None)

    def forget_before(self, round_: int) -> None:
        """A whole pass began with this round: every key was compared since."""
        self.spans = [span for span in self.spans if span.last > round_]
        self.resets = [reset for reset in self.resets if reset.last is None or reset.last > round_]
