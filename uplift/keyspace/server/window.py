"""How many requests may be under way to one server, and how soon one may follow another: as busy and as polite as without distance.

Near, two are enough: one is worked on while the other waits. Far, there is one more for each page that could be read in the time of a round
trip. A server works off what has come before it turns to other clients, so requests that arrive in a bunch would hold everybody: they are
sent no faster than the server works on them, and then each meets a server that has done the one before.
"""

from __future__ import annotations

import time
from collections import deque
from math import ceil

NEAR = 2
MOST = 64
# What a page of 50 keys takes a server that does nothing else (bench/copy.py: 6.3 s of its CPU for a million keys).
_PAGE_SECONDS = 0.00035
# About twice what a piece of a big value takes a server by itself (pieces_under_way.py).
_PIECE_SECONDS = 0.001
_MOST_ANSWER_BYTES = 256 * 1024
# A request costs a server more than its script says, of these 6.3 s 4.5: there are the request to read and the answer to write.
_SCRIPT_TO_REQUEST = 1.4
# How much of the mean the newest page is.
_NEWEST_SHARE = 0.1
# Before anything was measured: a guess on the low side.
_FIRST_SHARE = 0.4
# How much more than was seen is tried.
_MORE = 1.15
# A rate is that of so long at least, and the best of so many counts: a shorter one, or only the newest, would be that of one odd moment.
_LEAST_SPAN_SECONDS = 0.05
_RATES_KEPT = 10


def requests_under_way(round_trip_seconds: float) -> int:
    """How many requests of a page's size a server at this distance should have."""
    return min(MOST, NEAR + round(round_trip_seconds / _PAGE_SECONDS))


def round_trip_within(round_trip_seconds: float, free_bytes: int | None) -> float:
    """The round trip to go by for a server with so much memory left (None: no limit): as if it were nearer, where there is little.

    Answers that are under way count towards a server's memory, and a full one evicts keys. They may take a quarter of what is left.
    """
    if free_bytes is None:
        return round_trip_seconds
    requests = free_bytes // (4 * _MOST_ANSWER_BYTES)
    return min(round_trip_seconds, max(0, requests - NEAR) * _PAGE_SECONDS)


def pieces_under_way(round_trip_seconds: float) -> int:
    """How many pieces of a big value a server at this distance should be asked for at a time; near, one after the other."""
    return min(MOST, 1 + round(round_trip_seconds / _PIECE_SECONDS))


class Window:
    """How many requests of a scan may be under way, and when the next may be sent. `most`: what the caller can make use of.

    As TCP's BBR does: as many as a round trip was seen to carry, at the best rate of late, and a little more to find out whether it carries
    more. What is under way beyond that only waits, in the server's queue or in ours; and whatever holds up the server or the path for a
    moment, all of it arrives at once. Near, where two are enough, nothing is measured.
    """

    def __init__(self, round_trip_seconds: float, most: int) -> None:
        # Whoever began far away may have many partitions; near, no more is under way for that.
        self._most = most if requests_under_way(round_trip_seconds) > NEAR else min(most, NEAR)
        self.size = min(self._most, NEAR + round(_FIRST_SHARE * round_trip_seconds / _PAGE_SECONDS))
        self._round_trip = round_trip_seconds
        # Answers a second, the newest last; and what is being counted since when.
        self._rates: deque[float] = deque(maxlen=_RATES_KEPT)
        self._began, self._answered = time.monotonic(), 0
        # In seconds: the mean of what the server worked, how far two requests are apart, and when the next is due by the monotonic clock.
        self._worked, self._apart, self._due_at = 0.0, 0.0, 0.0

    def wait(self) -> None:
        """Sleep until the next request may be sent."""
        if self.size <= NEAR:
            return
        now = time.monotonic()
        if self._due_at > now:
            time.sleep(self._due_at - now)
        # One that is late may be followed sooner, as near one always waits while another is worked on; but no more than one.
        self._due_at = max(self._due_at, now - self._apart) + self._apart

    def take(self, worked: float) -> None:
        """One more request was answered, on which the server worked for so many seconds, 0 where it does not say.

        The mean follows slowly: a machine that stood still is no slow server.
        """
        if self._most <= NEAR:
            return
        self._worked += _NEWEST_SHARE * (min(worked, 2 * self._worked or worked) - self._worked)
        self._answered += 1
        now = time.monotonic()
        passed = now - self._began
        if passed < max(_LEAST_SPAN_SECONDS, 2 * self._round_trip):
            return
        self._rates.append(self._answered / passed)
        self._began, self._answered = now, 0
        best = max(self._rates)
        self.size = min(self._most, NEAR + ceil(_MORE * best * self._round_trip))
        self._apart = max(_SCRIPT_TO_REQUEST * self._worked, 1 / (_MORE * best))
