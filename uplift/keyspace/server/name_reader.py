"""Reads pages of key names by plain SCAN."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from uplift.keyspace.server.connection import Connection, pack
from uplift.keyspace.server.pipelined_requests import PipelinedRequests
from uplift.keyspace.server.replies import as_scan


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
