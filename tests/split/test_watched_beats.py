"""Whether other engines live, by what one that watches has seen, on a clock of its own."""

from __future__ import annotations

from uplift.split.run.watched_beats import DEAD_SECONDS, WatchedBeats
from uplift.split.store.store import Beat


def beat(engine: str, count: int) -> Beat:
    return Beat(engine=engine, count=count, is_leading=False, is_warm=False, has_left=False, version="0.2.0")


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_one_that_began_later_is_not_silent_since_this_one_began() -> None:
    clock = Clock()
    watched = WatchedBeats("me", clock)
    watched.look([beat("first", 7)])
    assert watched.seconds_silent("first") == 0
    clock.now += DEAD_SECONDS
    watched.look([beat("first", 7), beat("second", 1)])
    assert (watched.seconds_silent("first"), watched.seconds_silent("second")) == (DEAD_SECONDS, 0)
    clock.now += 2
    watched.look([beat("first", 7), beat("second", 3)])
    assert (watched.seconds_silent("first"), watched.seconds_silent("second")) == (DEAD_SECONDS + 2, 0)
    assert [one.engine for one in watched.alive()] == ["second"]


def test_one_that_was_seen_once_is_not_known_to_live() -> None:
    clock = Clock()
    watched = WatchedBeats("me", clock)
    watched.look([beat("first", 7), beat("me", 3)])
    assert watched.alive() == ()
    clock.now += 1
    watched.look([beat("first", 8), beat("me", 4)])
    assert [one.engine for one in watched.alive()] == ["first"]
    clock.now += DEAD_SECONDS
    assert watched.alive() == ()
