"""What a mover that begins makes of the ledgers."""

from __future__ import annotations

import pytest

from uplift.sidekiq.mover.resuming import Leave, Resume, Seen, SourceLedger, Stop, TargetLedger, resume


def source(following: int, confirmed: int, outboxes: tuple[int, ...], epoch: int = 7) -> SourceLedger:
    return SourceLedger(epoch, following, confirmed, frozenset(outboxes))


def target(applied: int | None, epoch: int = 7) -> TargetLedger:
    return TargetLedger(epoch, applied)


@pytest.mark.parametrize(
    ("here", "there", "left"),
    [
        (source(1, 0, ()), target(0), range(1, 1)),
        (source(5, 4, ()), target(4), range(5, 5)),
        (source(5, 2, (3, 4)), target(2), range(3, 5)),
        # One was applied, and the mover died before it was confirmed.
        (source(5, 2, (3, 4)), target(3), range(3, 5)),
        (source(5, 2, (4,)), target(3), range(3, 5)),
    ],
)
def test_it_goes_on_with_what_is_open(here: SourceLedger, there: TargetLedger, left: range) -> None:
    assert resume(here, there, 7) == Resume(left)


@pytest.mark.parametrize(("here", "there"), [(source(1, 0, (), 8), target(9)), (source(9, 9, ()), target(0, 8))])
def test_a_higher_epoch_is_another_movers_and_says_nothing_of_a_server(here: SourceLedger, there: TargetLedger) -> None:
    """Read between its two epochs, ledgers look as if a server had forgotten."""
    assert resume(here, there, 7) == Leave()


@pytest.mark.parametrize(
    ("here", "there", "seen", "source_forgot", "numbers"),
    [
        (source(4, 3, ()), target(4), Seen(), True, range(4, 5)),
        (source(1, 0, ()), target(2), Seen(), True, range(1, 3)),
        (source(6, 5, ()), target(3), Seen(), False, range(4, 6)),
        (source(6, 5, ()), target(None), Seen(), False, range(1, 6)),
        (source(5, 4, ()), target(4), Seen(6, 4), True, range(5, 6)),
        (source(6, 3, (4, 5)), target(3), Seen(6, 5), False, range(4, 6)),
        (source(6, 3, (5,)), target(3), Seen(), True, range(4, 5)),
    ],
)
def test_a_server_that_forgot_is_told_apart(
    here: SourceLedger, there: TargetLedger, seen: Seen, source_forgot: bool, numbers: range
) -> None:
    found = resume(here, there, 7, seen)
    assert isinstance(found, Stop)
    assert (found.source_forgot, found.numbers) == (source_forgot, numbers)
