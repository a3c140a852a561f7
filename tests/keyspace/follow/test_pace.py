"""How fast an engine may go: level by level, and what it does where latency stays while it stands still."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from uplift.keyspace.follow.pace import PACES, STILL, Latency, Pace, Paced, Throttled, next_pace

LOWEST = len(PACES) - 1
SECOND = 1.0


def latency(ratio: float, server: str = "source") -> Latency:
    return Latency(server, 0.005 * ratio, 0.005)


def paced_over(before: Paced, ratio_of: Callable[[Paced], float], seconds: float, start: float = 1_000.0) -> list[Paced]:
    """What it came to, looked at four times a second as the probe tells."""
    found = [before]
    for quarter in range(int(seconds * 4)):
        found.append(next_pace(found[-1], [latency(ratio_of(found[-1]))], start + quarter / 4))
    return found


def test_without_a_measurement_nothing_changes() -> None:
    before = Paced(3, Throttled.BY_LATENCY, latency(2), 1.0, 1.0)
    assert next_pace(before, [], 100.0) is before


def test_every_level_is_slower_than_the_one_before_it() -> None:
    """Keys a second."""

    def rate(pace: Pace) -> float:
        return pace.most_keys / pace.pause_seconds

    assert all(rate(slower) < rate(quicker) for quicker, slower in pairwise(PACES))
    assert rate(PACES[-1]) == 2_000, "the floor that the documentation names"


def test_it_slows_down_level_by_level_to_the_floor_and_not_within_half_a_second() -> None:
    found = paced_over(Paced(), lambda _: 1.5, 5)
    levels = [one.level for one in found]
    assert levels == sorted(levels)
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert levels[-1] == LOWEST
    changes = [one.changed_at for one in found[1:]]
    assert all(later == earlier or later - earlier >= 0.5 for earlier, later in pairwise(changes))
    assert {one.since for one in found if one.throttled is Throttled.BY_LATENCY} == {1_000.0}, "since when, not since the last level"
    assert found[-1].latency == latency(1.5)


def test_the_limit_itself_is_kept() -> None:
    for ratio in (0.71, 0.99, 1.0):
        assert {one.level for one in paced_over(Paced(3, Throttled.BY_LATENCY), lambda _, ratio=ratio: ratio, 10)} == {3}  # type: ignore[misc]


def test_it_climbs_level_by_level_and_says_so_at_the_top() -> None:
    found = paced_over(Paced(LOWEST, Throttled.BY_LATENCY, latency(2), 990.0, 990.0), lambda _: 0.5, 5)
    levels = [one.level for one in found]
    assert levels == sorted(levels, reverse=True)
    assert all(before - after <= 1 for before, after in pairwise(levels))
    assert (found[-1].level, found[-1].throttled) == (0, Throttled.NO)
    assert all(one.throttled is Throttled.BY_LATENCY for one in found if one.level)


def test_the_slowest_server_decides() -> None:
    found = next_pace(Paced(), [latency(0.1, "source"), latency(1.2, "cache"), latency(0.9, "other")], 10.0)
    assert (found.level, found.latency) == (1, latency(1.2, "cache"))
    # By what each of them may take, not by milliseconds.
    found = next_pace(Paced(), [Latency("source", 0.006, 0.005), Latency("far", 0.050, 0.100)], 10.0)
    assert found.latency is not None
    assert found.latency.server == "source"


def test_a_latency_that_follows_the_pace_settles_between_two_levels() -> None:
    """Slower than the limit up to level 2, within it from level 3 on: it stays there."""
    found = paced_over(Paced(), lambda at: {0: 3.0, 1: 2.0, 2: 1.2}.get(at.level, 0.8), 60)
    assert [one.level for one in found[8:]] == [3] * len(found[8:])


def test_at_the_floor_it_stands_still_for_a_moment_and_goes_on_slowly_where_that_helped() -> None:
    found = paced_over(Paced(LOWEST, Throttled.BY_LATENCY, latency(2), 900.0, 999.0), lambda at: 0.1 if at.pace is STILL else 2.0, 6.5)
    tried = [one for one in found if one.throttled is Throttled.TRYING]
    assert tried
    assert all(one.pace is STILL for one in tried)
    after = found[found.index(tried[0]) + len(tried)]
    assert (after.level, after.throttled, after.pace) == (LOWEST, Throttled.BY_LATENCY, PACES[LOWEST])
    assert Throttled.NOT_OURS not in {one.throttled for one in found}


def test_a_latency_that_stays_is_not_ours_for_half_a_minute() -> None:
    found = paced_over(Paced(LOWEST, Throttled.BY_LATENCY, latency(2), 900.0, 999.0), lambda _: 2.0, 42)
    words = [one.throttled for one in found]
    first = words.index(Throttled.NOT_OURS)
    innocent = [one for one in found if one.throttled is Throttled.NOT_OURS]
    assert all(one.pace is PACES[0] for one in innocent), "at full pace"
    assert words[first : first + len(innocent)] == [Throttled.NOT_OURS] * len(innocent), "in one piece"
    assert 29 * 4 <= len(innocent) <= 31 * 4
    # Then it is tried again from the top: whose latency it is may have changed.
    assert Throttled.BY_LATENCY in words[first + len(innocent) :]
    assert all(one.latency == latency(2.0) for one in innocent), "both numbers stay to be told"


def test_a_latency_that_goes_away_ends_that_at_once() -> None:
    before = Paced(0, Throttled.NOT_OURS, latency(2), 100.0, 100.0)
    after = next_pace(before, [latency(0.9)], 105.0)
    assert (after.level, after.throttled) == (0, Throttled.NO)


def test_it_never_stays_below_the_floor() -> None:
    """However slow the servers are, it stands still for a small part of the time only."""
    found = paced_over(Paced(), lambda _: 50.0, 600)
    still = sum(one.pace is STILL for one in found)
    assert 0 < still < len(found) / 20


def _as_the_probe_tells(own: list[float], seconds: float, foreign: float = 0.1) -> list[Paced]:
    """What an engine comes to whose own rounds are all that makes others wait, by level."""
    return _as_told(lambda at, _: foreign if at.pace is STILL else own[at.level], seconds)


def _as_told(ratio_of: Callable[[Paced, int], float], seconds: float) -> list[Paced]:
    """A hundred commands a second, each second told once at its end as latency_probe.py does, and looked at five times a second."""
    found, second, told = [Paced()], list[float](), list[Latency]()
    for tick in range(int(seconds * 100)):
        second.append(ratio_of(found[-1], tick))
        if tick % 100 == 99:
            ratio = sorted(second)[int((len(second) - 1) * 0.99)]
            told, second = [Latency("source", 0.005 * ratio, 0.005, 1_000.0 + (tick - 99) / 100)], []
        if tick % 20 == 0:
            found.append(next_pace(found[-1], told, 1_000.0 + tick / 100))
    return found


def test_an_engine_whose_latency_it_is_does_not_call_itself_innocent() -> None:
    found = _as_the_probe_tells([2.0] * len(PACES), 60)
    assert Throttled.NOT_OURS not in {one.throttled for one in found}


def test_levels_do_not_alternate_where_one_is_quick_enough() -> None:
    found = _as_the_probe_tells([1.8, 1.2] + [0.5] * (len(PACES) - 2), 120)
    assert sum(before.level != after.level for before, after in pairwise(found)) < 60


def test_one_stall_costs_one_level_or_two() -> None:
    found = _as_told(lambda _, tick: 10.0 if 150 <= tick < 153 else 0.1, 20)
    assert 1 <= max(one.level for one in found) <= 2
    assert found[-1].level == 0
