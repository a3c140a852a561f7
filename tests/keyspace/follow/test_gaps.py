"""Gaps and resets of one side: which keys they cover, and what ends them."""

from __future__ import annotations

import pytest

from uplift.keyspace.follow.evidence import Span
from uplift.keyspace.follow.gaps import Gaps, Reset, ResetKind


def test_a_gap_reaches_from_the_last_whole_round_to_the_next_one() -> None:
    gaps = Gaps()
    assert gaps.are_over
    gaps.open(10)
    assert not gaps.are_over
    gaps.close(15)
    assert (gaps.opened, gaps.spans) == (None, [Span(10, 15)])
    assert not gaps.are_over, "every key is to be compared first"


def test_a_second_reason_changes_nothing_but_an_earlier_beginning() -> None:
    gaps = Gaps()
    gaps.open(10)
    gaps.open(12)
    assert gaps.opened == 10
    # A class of events that was off since round 7, found while a subscription was broken since round 10.
    gaps.open(7)
    gaps.close(15)
    assert gaps.spans == [Span(7, 15)]


def test_a_round_that_was_whole_closes_nothing_where_nothing_is_open() -> None:
    gaps = Gaps()
    gaps.close(15)
    assert gaps.are_over


@pytest.mark.parametrize(
    ("base_round", "covering"),
    [(None, Span(10, 25)), (9, Span(10, 25)), (14, Span(10, 25)), (15, Span(20, 25)), (24, Span(20, 25)), (25, None), (30, None)],
)
def test_a_gap_covers_what_was_read_before_its_end(base_round: int | None, covering: Span | None) -> None:
    """Several that cover a key are one for it, since what happened between them is not known to be all."""
    gaps = Gaps(spans=[Span(10, 15), Span(20, 25)])
    assert gaps.gap_of(base_round) == covering


def test_a_pass_ends_what_was_over_before_its_first_round() -> None:
    gaps = Gaps(
        spans=[Span(10, 15), Span(20, 25)],
        resets=[Reset(ResetKind.FAILOVER, 3, frozenset(), 15), Reset(ResetKind.FLUSH, 3, frozenset(), 25)],
    )
    gaps.forget_before(15)
    assert gaps.spans == [Span(20, 25)]
    assert [reset.kind for reset in gaps.resets] == [ResetKind.FLUSH]
    gaps.forget_before(24)
    assert not gaps.are_over
    gaps.forget_before(25)
    assert gaps.are_over


def test_a_pass_never_ends_what_is_not_over() -> None:
    gaps = Gaps(resets=[Reset(ResetKind.FLUSH, 3, frozenset())])
    gaps.open(10)
    gaps.forget_before(1_000)
    assert gaps.opened == 10
    assert len(gaps.resets) == 1
    assert not gaps.are_over


def test_a_reset_is_over_with_the_first_whole_round_after_it_and_keeps_that() -> None:
    gaps = Gaps()
    gaps.resets.append(Reset(ResetKind.FAILOVER, 3, frozenset({b"k"})))
    gaps.close(15)
    gaps.resets.append(Reset(ResetKind.FLUSH, 16, frozenset()))
    gaps.close(20)
    assert [(reset.kind, reset.last) for reset in gaps.resets] == [(ResetKind.FAILOVER, 15), (ResetKind.FLUSH, 20)]
    gaps.close(21)
    assert [reset.last for reset in gaps.resets] == [15, 20]


@pytest.mark.parametrize("is_over", [False, True])
def test_a_failover_concerns_what_was_touched_or_synced_lately(is_over: bool) -> None:
    reset = Reset(ResetKind.FAILOVER, recent=10, touched=frozenset({b"touched"}), last=20 if is_over else None)
    assert reset.concerns(b"touched", 3, is_absent=False)
    assert reset.concerns(b"k", 10, is_absent=False)
    assert reset.concerns(b"k", 10, is_absent=True)
    assert reset.concerns(b"k", None, is_absent=False), "when it was equal last is not known"
    assert not reset.concerns(b"k", 9, is_absent=False), "a replica had that long ago"
    # Equal in a round that was whole after it: that reading lies behind it. Still open, no round does.
    assert reset.concerns(b"touched", 20, is_absent=False) is not is_over
    assert reset.concerns(b"k", 20, is_absent=False) is not is_over
    assert reset.concerns(b"k", 19, is_absent=False)


def test_a_flush_concerns_absent_keys_alone() -> None:
    reset = Reset(ResetKind.FLUSH, recent=10, touched=frozenset({b"touched"}), last=20)
    assert reset.concerns(b"k", 3, is_absent=True), "however long ago it was synced"
    assert reset.concerns(b"k", None, is_absent=True)
    assert not reset.concerns(b"touched", 3, is_absent=False)
    assert not reset.concerns(b"k", 20, is_absent=True), "equal since: it was deleted later"


def test_the_latest_reset_that_concerns_a_key_is_its_reset() -> None:
    early, late = Reset(ResetKind.FAILOVER, 5, frozenset(), 10), Reset(ResetKind.FLUSH, 15, frozenset(), 20)
    gaps = Gaps(resets=[early, late])
    assert gaps.reset_of(b"k", 7, is_absent=True) is late
    assert gaps.reset_of(b"k", 7, is_absent=False) is early
    assert gaps.reset_of(b"k", 10, is_absent=False) is None
    assert gaps.reset_of(b"k", 20, is_absent=True) is None
