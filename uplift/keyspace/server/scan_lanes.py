"""Walks one database by several partitions of its scan at once, so that the server is kept busy whatever the distance to it.

Each partition is a lane of its own, since the next page of a scan can be asked for only when the one before has come. Requests of all lanes
share two connections; how many are under way, and how soon one follows another, window.py says.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.scan_page import PageOf, ScanPage
from uplift.keyspace.server.scan_partition import Border, next_cursor
from uplift.keyspace.server.window import Window

PageOut = TypeVar("PageOut", bound=ScanPage, covariant=True)


class ReadsScan(Protocol[PageOut]):
    """Asks one connection for pages: PageReader, NameReader."""

    def request(self, cursor: int) -> None:
        """Ask for the page at a cursor."""
        ...

    def receive(self) -> PageOut:
        """The oldest page asked for."""
        ...


@contextmanager
def connections_for(server: Connection, database: int, partitions: int) -> Iterator[list[Connection]]:
    """Connections for a walk by so many partitions, for one block: two, so that a request of one waits while the other's is worked on."""
    connections: list[Connection] = []
    try:
        for _ in range(min(2, partitions)):
            connections.append(server.beside(database))
        yield connections
    finally:
        for connection in connections:
            connection.close()


@dataclass(slots=True)
class _Lane(Generic[PageOf]):
    """One partition. `cursor` is where its next page begins, None at the end."""

    partition: int
    cursor: int | None
    reader: ReadsScan[PageOf]
    is_first_page: bool


class ScanLanes(Generic[PageOf]):
    """One walk, from the cursors it is given: one for each of 2 to the power of n partitions, None for one that is done.

    `readers` are connections of one server, whose requests are answered in the order they were sent.
    """

    def __init__(self, readers: Sequence[ReadsScan[PageOf]], cursors: list[int | None], round_trip: float, border: Border) -> None:
        self._lanes = [
            _Lane(partition, cursor, readers[partition % len(readers)], is_first_page=cursor == partition)
            for partition, cursor in enumerate(cursors)
        ]
        self._border = border
        self._window = Window(round_trip, len(cursors))

    @property
    def cursors(self) -> list[int | None]:
        """Where each partition goes on from behind the pages given so far; None where it is done."""
        return [lane.cursor for lane in self._lanes]

    @property
    def are_done(self) -> bool:
        """Whether the page given last was the last."""
        return all(lane.cursor is None for lane in self._lanes)

    def pages(self) -> Iterator[PageOf]:
        """Every page, without the keys that two partitions share at their border. While a page is worked on here, the next are under way.

        Raises what the readers raise.
        """
        waiting = deque(lane for lane in self._lanes if lane.cursor is not None)
        under_way: deque[_Lane[PageOf]] = deque()
        while waiting or under_way:
            self._send(waiting, under_way)
            lane = under_way.popleft()
            page = self._receive(lane)
            lane.cursor = next_cursor(page.cursor, lane.partition, len(self._lanes))
            if len(self._lanes) > 1 and (lane.is_first_page or lane.cursor is None):
                page = self._border.without_met(page)
            lane.is_first_page = False
            if lane.cursor is not None:
                waiting.append(lane)
            self._send(waiting, under_way)
            yield page

    def _send(self, waiting: deque[_Lane[PageOf]], under_way: deque[_Lane[PageOf]]) -> None:
        while waiting and len(under_way) < self._window.size:
            lane = waiting.popleft()
            self._window.wait()
            lane.reader.request(lane.cursor or 0)
            under_way.append(lane)

    def _receive(self, lane: _Lane[PageOf]) -> PageOf:
        page = lane.reader.receive()
        self._window.take(page.worked)
        return page
