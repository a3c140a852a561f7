"""How many requests may be under way to one server, and how soon one may follow another: as busy and as polite as without distance.

Near, two are enough: one is worked on while the other waits. Far, there is one more for each page that could be read in the time of a round
trip. A server works off what has come before it turns to other clients, so requests that arrive in a bunch would hold everybody: they are
sent no faster than the server works on them, and then each meets a server that has done the one before.
"""

from __future__ import annotations

import time

NEAR = 2
MOST = 64
# What a page of 50 keys takes a server that does nothing else (bench/copy.py: 6.3 s of its CPU for a million keys).
_PAGE_SECONDS = 0.00035
_PIECE_SECONDS = 0.0005
# A request costs a server more than its script says, of these 6.3 s 4.5: there are the request to read and the answer to write.
_SCRIPT_TO_REQUEST = 1.4
_NEWEST_SHARE = 0.1


def requests_under_way(round_trip_seconds: float) -> int:
    """How many requests of a page's size a server at this distance should have."""
    return min(MOST, NEAR + round(round_trip_seconds / _PAGE_SECONDS))


def pieces_under_way(round_trip_seconds: float) -> int:
    """How many pieces of a big value a server at this distance should be asked for at a time; near, one after the other."""
    return min(MOST, 1 + round(round_trip_seconds / _PIECE_SECONDS))


class Pace:
    """Spreads requests by how long the server has worked on those before; without effect as long as it did not say."""

    def __init__(self) -> None:
        self._worked = 0.0
        self._due_at = 0.0

    def wait(self) -> None:
        """Sleep until the next request may be sent."""
        now, apart = time.monotonic(), _SCRIPT_TO_REQUEST * self._worked
        if self._due_at > now:
            time.sleep(self._due_at - now)
        # One that is late may be followed sooner, as near one always waits while another is worked on; but no more than one.
        self._due_at = max(self._due_at, now - apart) + apart

    def take(self, worked: float) -> None:
        """The server has worked on a request for so many seconds. The mean follows slowly: a machine that stood still is no slow server."""
        most = 2 * self._worked or worked
        self._worked += _NEWEST_SHARE * (min(worked, most) - self._worked)
