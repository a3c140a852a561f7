"""Reads pages of keys with their values and TTLs from one node, by one script call a page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

from uplift.errors import SourceUnreachable, TargetRefused
from uplift.keyspace.server.connection import Connection, ErrorReply, Reply
from uplift.keyspace.server.endpoint import Endpoint
from uplift.keyspace.server.scripts import READ

NEVER_EXPIRES = -1
GONE = -2
STALLED = "STALLED"
"""The first word of what lua/read_ttls.lua answers where the server stood still whenever TTLs were read."""


class ValueForm(StrEnum):
    """How values travel: strings as they are and the rest as DUMP; all as DUMP; or each by its type's own read command."""

    COPY = "copy"
    DUMP = "dump"
    VALUE = "value"


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """What one script call may cost the server.

    `page_keys` is SCAN's COUNT, for all partitions together. A call returns `page_bytes` at most, and one value more; a string above
    `value_bytes`, and a collection above that or `value_elements`, is read in pieces instead. `piece_bytes` sizes these.
    A script blocks the server for its whole run: with these figures a GET beside it waits 1 to 2 ms at the 99th percentile
    (bench/copy.py).
    """

    page_keys: int = 100
    page_bytes: int = 256 * 1024
    value_bytes: int = 64 * 1024
    value_elements: int = 512
    piece_bytes: int = 256 * 1024
    piece_elements: int = 1_000


@dataclass(frozen=True, slots=True)
class Page:
    """One reply: the cursor to go on from, the node's clock (ms since 1970), and flat fours of key, PTTL, type, value.

    `now` and a PTTL give the time a key expires at: never too early, and 5 ms too late at most (lua/read_ttls.lua).
    A value that is an int was not returned: its size where it is too big for a page, 0 where the page was full.
    """

    cursor: int
    now: int
    flat: list[Any]

    def entries(self) -> Iterator[tuple[bytes, int, bytes, Any]]:
        """Key, PTTL in ms, type, value."""
        flat = self.flat
        return zip(flat[3::4], flat[4::4], flat[5::4], flat[6::4], strict=True)


class PageReader:
    """Asks one connection for pages; one request may be under way while the caller works on the page before."""

    def __init__(self, connection: Connection, form: ValueForm, limits: ReadLimits, filter_arguments: list[bytes], page_keys: int) -> None:
        self.connection = connection
        self._tail: list[bytes | str | int] = [form, limits.page_bytes, limits.value_elements, limits.value_bytes]
        self._filter = filter_arguments
        self._page_keys = page_keys
        self._request = b""

    def request(self, cursor: int) -> None:
        """Ask for the page at a cursor."""
        self._request = READ.request([], str(cursor), self._page_keys, *self._tail, *self._filter)
        self.connection.send(self._request)

    def receive(self) -> Page:
        """The page asked for.

        Raises TargetRefused for what the server answers in its place, SourceUnreachable where it stands still again and again.
        """
        reply = self.connection.read()
        if isinstance(reply, ErrorReply):
            reply = self._again(reply)
        return _page(cast("list[Any]", reply))

    def read_keys(self, keys: list[bytes]) -> Page:
        """These keys, in as many calls as their values need. Never called while a page is under way."""
        self.request_keys(keys)
        return self.receive_keys(keys)

    def request_keys(self, keys: list[bytes]) -> None:
        """Ask for these keys; `receive_keys` takes them."""
        self._request = READ.request(keys, "", 0, *self._tail)
        self.connection.send(self._request)

    def receive_keys(self, keys: list[bytes]) -> Page:
        """The keys asked for, after further calls where one could not return them all."""
        whole: list[Any] = []
        now = 0
        left = keys
        while left:
            page = self.receive()
            now = now or page.now
            later = page.now - now
            flat = page.flat
            not_returned = [key for key, value in zip(flat[3::4], flat[6::4], strict=True) if value.__class__ is int and value == 0]
            if len(not_returned) == len(left):
                raise TargetRefused(f"{self.connection.endpoint} returns none of {len(left)} keys")
            refused = set(not_returned)
            for index in range(3, len(flat), 4):
                if flat[index] not in refused:
                    entry = flat[index : index + 4]
                    if entry[1] > 0:
                        # Read by a later call: counted from the time of the first, which is the page's.
                        entry[1] += later
                    whole += entry
            left = not_returned
            if left:
                self.request_keys(left)
        return Page(0, now, [b"", 0, 0, *whole])

    def _again(self, problem: ErrorReply) -> Reply:
        """The same request once more, after loading the script or waiting for somebody else's to end."""
        try:
            if problem.word == "NOSCRIPT":
                READ.ensure(self.connection)
            elif problem.word != "BUSY":
                raise problem
            return self.connection.call_packed(self._request)
        except ErrorReply as refused:
            if refused.word == STALLED:
                raise stands_still(self.connection.endpoint) from None
            raise TargetRefused(f"{self.connection.endpoint} cannot be read: {refused.safe}") from None


def stands_still(endpoint: Endpoint) -> SourceUnreachable:
    """What to raise for an answer that begins with STALLED."""
    return SourceUnreachable(f"{endpoint}: TTLs could not be read, because the server stood still at every try; run the same command again")


def _page(reply: list[Any]) -> Page:
    return Page(int(reply[0] or 0), int(reply[1]) * 1000 + int(reply[2]) // 1000, reply)
