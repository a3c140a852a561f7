"""How many requests are under way and how soon they follow each other, by a clock that only goes on where a test says so."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.keyspace.fake_clock import FakeClock, replace_clock
from uplift.keyspace.server.window import MOST, NEAR, Window, pieces_under_way, requests_under_way, round_trip_within

ROUND_TRIP = 0.02


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    return replace_clock(monkeypatch, "uplift.keyspace.server.window")


@pytest.mark.parametrize(
    ("round_trip", "requests", "pieces"),
    [
        (0.0, 2, 1),
        (0.0001, 2, 1),
        (0.0004, 3, 1),
        (0.0006, 4, 2),
        (0.001, 5, 2),
        (0.005, 16, 6),
        (0.02, 59, 21),
        (0.1, 64, 64),
        (10.0, 64, 64),
    ],
)
def test_how_many_requests_and_pieces_a_distance_wants(round_trip: float, requests: int, pieces: int) -> None:
    assert (requests_under_way(round_trip), pieces_under_way(round_trip)) == (requests, pieces)


def test_near_nothing_is_measured_and_nobody_sleeps(clock: FakeClock) -> None:
    window = Window(0.0001, NEAR)
    looks = clock.looks
    for _ in range(1_000):
        window.wait()
        window.take(0.01)
        clock.now += 0.001
        assert window.size == NEAR
    assert (clock.slept, clock.looks) == ([], looks)


def test_far_it_begins_with_less_than_the_distance_wants(clock: FakeClock) -> None:
    assert Window(ROUND_TRIP, MOST).size == 25
    assert Window(ROUND_TRIP, 8).size == 8
    assert Window(0.0, MOST).size == NEAR


def _answers(window: Window, clock: FakeClock, a_second: float, spans: int = 1, worked: float = 0.0) -> None:
    """So many answers a second, for some times as long as the window measures at a time."""
    for _ in range(round(spans * 0.05 * a_second) + spans):
        clock.now += 1 / a_second
        window.take(worked)


@pytest.mark.parametrize(
    ("a_second", "round_trip", "most", "size"),
    [
        # 500 a second are 10 in 20 ms, and 1.15 times as many 11.5: one more than fits, and two.
        (500, 0.02, 64, 14),
        (1_300, 0.02, 64, 32),
        (2_100, 0.02, 64, 51),
        (2_100, 0.02, 16, 16),
        (9_000, 0.02, 64, 64),
        (20, 0.02, 64, 3),
        (1_300, 0.001, 64, 4),
        (1_300, 0.0, 64, 2),
    ],
)
def test_the_size_follows_rate_times_round_trip_and_a_little_more(
    a_second: float, round_trip: float, most: int, size: int, clock: FakeClock
) -> None:
    window = Window(round_trip, most)
    _answers(window, clock, a_second, spans=3)
    assert window.size == size


def test_nothing_is_made_of_less_than_two_round_trips(clock: FakeClock) -> None:
    window = Window(0.5, MOST)
    first = window.size
    for _ in range(99):
        clock.now += 0.01
        window.take(0.0)
    assert window.size == first
    clock.now += 0.05
    window.take(0.0)
    # 96 a second are 48 in half a second; 1.15 times as many 55.
    assert window.size == 58


def test_the_best_rate_of_the_last_ten_counts(clock: FakeClock) -> None:
    """A moment in which the server or the path stood still makes nothing smaller; a server that is slower from now on does."""
    window = Window(ROUND_TRIP, MOST)
    _answers(window, clock, 1_300, spans=2)
    for _ in range(9):
        clock.now += 1.0
        window.take(0.0)
        assert window.size == 32
    for _ in range(2):
        clock.now += 1.0
        window.take(0.0)
    assert window.size == 3


def _pace(window: Window, clock: FakeClock) -> float:
    """How long the third of three requests waits: the first is late, and the second may follow at once."""
    clock.now += 10.0
    clock.slept.clear()
    for _ in range(3):
        window.wait()
    (slept,) = clock.slept
    return slept


def test_requests_follow_each_other_at_the_rate_that_was_seen_and_a_little_faster(clock: FakeClock) -> None:
    window = Window(ROUND_TRIP, MOST)
    _answers(window, clock, 1_000, spans=3)
    assert _pace(window, clock) == pytest.approx(1 / 1_150)
    clock.slept.clear()
    for _ in range(50):
        window.wait()
    assert clock.slept == pytest.approx([1 / 1_150] * 50)


def test_requests_follow_each_other_no_faster_than_the_server_works_on_them(clock: FakeClock) -> None:
    window = Window(ROUND_TRIP, MOST)
    _answers(window, clock, 1_000, spans=6, worked=0.001)
    # A request costs 1.4 times what its script says.
    assert _pace(window, clock) == pytest.approx(0.0014, rel=0.01)


def test_a_late_request_is_followed_sooner_only_by_one(clock: FakeClock) -> None:
    window = Window(ROUND_TRIP, MOST)
    _answers(window, clock, 1_000, spans=3)
    for late in (0.002, 5.0):
        clock.now += late
        sent = []
        for _ in range(6):
            window.wait()
            sent.append(clock.now)
        apart = [later - earlier for earlier, later in pairwise(sent)]
        assert apart == pytest.approx([0.0] + [1 / 1_150] * 4)


def test_an_odd_page_changes_the_pace_at_most_to_twice(clock: FakeClock) -> None:
    """A machine that stood still for a second is no slow server."""
    window = Window(ROUND_TRIP, MOST)
    _answers(window, clock, 1_000, spans=6, worked=0.001)
    before = _pace(window, clock)
    # Long enough since the last measure that this page is the one that makes the pace anew.
    clock.now += 1.0
    window.take(1.0)
    assert before < _pace(window, clock) <= 2 * before


def test_answers_under_way_take_no_more_than_a_quarter_of_the_memory_that_is_left() -> None:
    assert round_trip_within(0.02, None) == 0.02
    assert requests_under_way(round_trip_within(0.02, 10**9)) == requests_under_way(0.02)
    assert requests_under_way(round_trip_within(0.02, 16 * 2**20)) == 16
    assert requests_under_way(round_trip_within(0.02, 1_500_000)) == NEAR
    assert requests_under_way(round_trip_within(0.02, 0)) == NEAR
