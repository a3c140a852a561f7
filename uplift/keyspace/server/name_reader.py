"""Reads pages of key names by plain SCAN, and walks a database by them."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Generator
from dataclasses import dataclass

from uplift.keyspace.server.connection import Connection, pack
from uplift.keyspace.server.pipelined_requests import PipelinedRequests
from uplift.keyspace.server.replies import as_scan
from uplift.keyspace.server.scan_lanes import ScanLanes, connections_for
from uplift.keyspace.server.scan_partition import Border

_PAGE_KEYS = 500


@dataclass(frozen=True, slots=True)
class NamePage:
    """The names one SCAN returned, and the cursor to go on from."""

    cursor: int
    all_keys: list[bytes]
    worked: float = 0.0

    def without(self, unwanted: Callable[[bytes], bool]) -> NamePage:
        """The page without some of its names."""
        return NamePage(self.cursor, [key for key in self.all_keys if not unwanted(key)])


class NameReader:
    """Asks one connection for pages of `page_keys` names; several may be under way."""

    def __init__(self, connection: Connection, page_keys: int) -> None:
        self.connection = connection
        self._page_keys = page_keys
        self._requests = PipelinedRequests(connection)

    def request(self, cursor: int) -> None:
        """Ask for the page at a cursor."""
        self._requests.send(pack("SCAN", cursor, "COUNT", self._page_keys))

    def receive(self) -> NamePage:
        """The oldest page asked for. Raises as PageReader.receive."""
        cursor, keys = as_scan(self._requests.receive())
        return NamePage(int(cursor), keys)


def pages_of_names(server: Connection, database: int, partitions: int, round_trip: float) -> Generator[NamePage, None, None]:
    """Every page of one walk over a database's names, over connections of its own. `round_trip` to the server, in seconds.

    Whoever stops in between closes the iterator. Raises as PageReader.receive.
    """
    # Nothing is written down of this walk, so its borders are told apart by a secret of its own.
    border = Border(secrets.token_bytes(16))
    with connections_for(server, database, partitions) as connections:
        readers = [NameReader(connection, _PAGE_KEYS) for connection in connections]
        yield from ScanLanes(readers, list(range(partitions)), round_trip, border).pages()
