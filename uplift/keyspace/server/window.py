"""How many requests may be under way to one server: as many as keep it as busy as it would be without distance, and no more.

Near, two are enough: one is worked on while the other waits. Far, there is one more for each page that could be read in the time of a round
trip. Still more would only wait in the server's queue, and every other client behind them.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field

NEAR = 2
MOST = 64
# What a page of 50 keys takes from end to end where nothing waits for the network (bench/copy.py: 80,000 to 100,000 keys/s).
_PAGE_SECONDS = 0.0005
# A reply that is taken in less was there already: then it is this side that is slow, and the times say nothing about the server.
_WAS_THERE_SECONDS = 0.00003


def requests_under_way(round_trip_seconds: float) -> int:
    """How many requests of a page's size a server at this distance should have."""
    return min(MOST, NEAR + round(round_trip_seconds / _PAGE_SECONDS))


def window_at(round_trip_seconds: float, most: int) -> Window:
    """The window to begin with at this distance, for a caller that can make use of `most`."""
    return Window(min(requests_under_way(round_trip_seconds), most), most)


@dataclass(frozen=True, slots=True)
class Answered:
    """One request: seconds from sending it to having its reply; how long that was waited for; and how long the server worked on it."""

    latency: float
    waited: float
    worked: float

    @property
    def elsewhere(self) -> float:
        """Seconds on the network and in the server's queue."""
        return max(0.0, self.latency - self.worked)


@dataclass(slots=True)
class Window:
    """Holds how many requests may be under way, and changes it by what the requests themselves meet.

    A request waits in the server's queue as any other client's command does. `most` is what the caller can make use of.
    """

    size: int
    most: int
    _shortest: float = float("inf")
    _round: list[Answered] = field(default_factory=list)

    def take(self, answered: Answered) -> None:
        """Take note of a request, and decide after each round of as many as the window holds. One that says not how long it was worked on
        tells nothing.
        """
        if answered.waited <= _WAS_THERE_SECONDS or not answered.worked:
            return
        self._shortest = min(self._shortest, answered.elsewhere)
        self._round.append(answered)
        if len(self._round) < max(8, self.size):
            return
        queued = statistics.median(one.elsewhere for one in self._round) - self._shortest
        worked = statistics.median(one.worked for one in self._round)
        self.size = next_size(self.size, self.most, queued, worked)
        self._round = []


def next_size(size: int, most: int, queued: float, worked: float) -> int:
    """One more where requests hardly wait for another to be done, one less where they wait for more than two; times in seconds."""
    if queued < worked / 2:
        return min(most, size + 1)
    if queued > 2 * worked:
        return max(min(NEAR, most), size - 1)
    return size
