"""When the next checkpoint of a copy is due, by a clock that only goes on where a test says so."""

from __future__ import annotations

import pytest

from tests.keyspace.fake_clock import FakeClock, replace_clock
from uplift.keyspace.copy.checkpoint_due import CheckpointDue

KEYS = 1_000


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    return replace_clock(monkeypatch, "uplift.keyspace.copy.checkpoint_due")


def test_it_is_due_after_so_many_keys(clock: FakeClock) -> None:
    due = CheckpointDue(KEYS)
    assert [due.after(400), due.after(400), due.after(199), due.after(1), due.after(0)] == [False, False, False, True, True]


def test_it_is_due_after_a_second_however_few_keys_there_were(clock: FakeClock) -> None:
    due = CheckpointDue(KEYS)
    clock.now += 0.9
    assert not due.after(1)
    clock.now += 0.1001
    assert due.after(0)


def test_keys_and_seconds_count_from_the_last_one_that_was_made(clock: FakeClock) -> None:
    due = CheckpointDue(KEYS)
    assert due.after(KEYS)
    due.was_made(clock.now)
    assert not due.after(KEYS - 1)
    clock.now += 0.9
    assert not due.after(0)
    clock.now += 0.1001
    assert due.after(0)
    due.was_made(clock.now)
    assert [due.after(0), due.after(KEYS)] == [False, True]


def test_checkpoints_take_no_more_than_a_twentieth_of_the_time(clock: FakeClock) -> None:
    due = CheckpointDue(KEYS)
    began = clock.now
    clock.now += 0.5
    due.was_made(began)
    clock.now += 9.9
    assert not due.after(10 * KEYS)
    clock.now += 0.2
    assert due.after(0)
    # One that is quick delays the next no more.
    due.was_made(clock.now - 0.001)
    clock.now += 0.01
    assert not due.after(KEYS)
    clock.now += 0.0101
    assert due.after(0)
