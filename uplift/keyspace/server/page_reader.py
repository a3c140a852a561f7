"""Reads pages of keys with their values and TTLs from one node, by one script call a page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

from uplift.errors import TargetRefused
from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.page_reply import Value, payload_fours, value_fours
from uplift.keyspace.server.pipelined_requests import PipelinedRequests
from uplift.keyspace.server.replies import Reply, as_bytes, as_bytes_list, as_int, as_list
from uplift.keyspace.server.scripts import READ

# What comes before the fours (lua/read_page.lua).
_HEAD = 7

Returned = TypeVar("Returned", bytes, Value)
Fours = Callable[[list[Reply]], tuple[list[bytes], list[int], list[bytes], list[Returned]]]


class ValueForm(StrEnum):
    """How values travel as bytes: strings as they are and the rest as DUMP, or all as DUMP."""

    COPY = "copy"
    DUMP = "dump"


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """What one script call may cost the server.

    `page_keys` is SCAN's COUNT, half of it where partitions of the scan take turns. A call returns `page_bytes` at most, and one value
    more; a string above `value_bytes`, and a collection above that or `value_elements`, is read in pieces of `piece_bytes` instead,
    `pieces_under_way` of them asked for at a time.
    A script blocks the server for its whole run: with these figures a GET beside it waits 1 to 2 ms at the 99th percentile
    (bench/copy.py).
    """

    page_keys: int = 100
    page_bytes: int = 256 * 1024
    value_bytes: int = 64 * 1024
    value_elements: int = 512
    piece_bytes: int = 256 * 1024
    piece_elements: int = 1_000
    pieces_under_way: int = 1

    def keys_of_a_page(self, partitions: int) -> int:
        """SCAN's COUNT where a scan is divided into so many."""
        return self.page_keys if partitions == 1 else max(1, self.page_keys // 2)


@dataclass(frozen=True, slots=True)
class TooBig:
    """A key whose value is read in pieces: `ttl` in ms as PTTL has it, `size` in bytes of a string, in elements of the rest."""

    key: bytes
    ttl: int
    kind: bytes
    size: int


@dataclass(slots=True)
class Page(Generic[Returned]):
    """One reply: the cursor to go on from, the node's clock (ms since 1970), and every key as what it is.

    Values that were returned stand in four lists of one length. `later` are keys the page had no room for, `missing` those that are
    not there, `big` those that are too big. `now` and a PTTL give the time a key expires at: never too early, and 5 ms too late at most
    (lua/read_ttls.lua). `worked`: how long the script ran, in seconds.
    """

    cursor: int
    now: int
    keys: list[bytes]
    ttls: list[int]
    kinds: list[bytes]
    values: list[Returned]
    later: list[bytes] = field(default_factory=list)
    missing: list[bytes] = field(default_factory=list)
    big: list[TooBig] = field(default_factory=list)
    worked: float = 0.0

    def entries(self) -> Iterator[tuple[bytes, int, bytes, Returned]]:
        """Key, PTTL in ms, type and value of what was returned."""
        return zip(self.keys, self.ttls, self.kinds, self.values, strict=True)

    @property
    def all_keys(self) -> Iterator[bytes]:
        """Every key of the page, whatever it is."""
        yield from self.keys
        yield from self.later
        yield from self.missing
        for entry in self.big:
            yield entry.key

    def without(self, unwanted: Callable[[bytes], bool]) -> Page[Returned]:
        """The page without some of its keys."""
        kept = [entry for entry in self.entries() if not unwanted(entry[0])]
        return Page(
            self.cursor,
            self.now,
            [entry[0] for entry in kept],
            [entry[1] for entry in kept],
            [entry[2] for entry in kept],
            [entry[3] for entry in kept],
            [key for key in self.later if not unwanted(key)],
            [key for key in self.missing if not unwanted(key)],
            [entry for entry in self.big if not unwanted(entry.key)],
        )

    def take_in(self, other: Page[Returned]) -> None:
        """Add what a later call returned; its TTLs count from this page's time, `later` is what is left now."""
        passed = other.now - self.now
        self.keys += other.keys
        self.ttls += [ttl + passed if ttl > 0 else ttl for ttl in other.ttls]
        self.kinds += other.kinds
        self.values += other.values
        self.missing += other.missing
        self.big += [TooBig(entry.key, entry.ttl + passed if entry.ttl > 0 else entry.ttl, entry.kind, entry.size) for entry in other.big]
        self.later = other.later


class PageReader(Generic[Returned]):
    """Asks one connection for pages. Several requests may be under way; their pages come in the order they were asked for.

    Made by `payload_reader`, `value_reader` or `compact_reader`. A connection that breaks is opened again, and what was under way is asked
    for once more.
    """

    def __init__(self, connection: Connection, form: str, limits: ReadLimits, fours: Fours[Returned], scan: ScanOf | None) -> None:
        self.connection = connection
        self._tail: list[bytes | str | int] = [form, limits.page_bytes, limits.value_elements, limits.value_bytes]
        self._fours: Fours[Returned] = fours
        self._scan = scan or ScanOf(0, ())
        self._requests = PipelinedRequests(connection, READ)

    def request(self, cursor: int) -> None:
        """Ask for the page at a cursor."""
        self._requests.send(READ.request([], str(cursor), self._scan.page_keys, *self._tail, *self._scan.filter_arguments))

    def request_keys(self, keys: list[bytes]) -> None:
        """Ask for these keys; `receive_keys` takes them."""
        self._requests.send(READ.request(keys, "", 0, *self._tail))

    @property
    def under_way(self) -> int:
        """How many pages have been asked for and not taken."""
        return self._requests.under_way

    def receive(self) -> Page[Returned]:
        """The oldest page asked for.

        Raises TargetRefused for what the server answers in its place, SourceUnreachable where it stands still again and again or cannot
        be reached any more.
        """
        return self._page(self._requests.receive())

    def _page(self, answer: Reply) -> Page[Returned]:
        reply = as_list(answer)
        last = len(reply) - 4 * as_int(reply[5])
        keys, ttls, kinds, values = self._fours(reply[_HEAD:last])
        page = Page(
            int(as_bytes(reply[0]) or 0),
            int(as_bytes(reply[1])) * 1000 + int(as_bytes(reply[2])) // 1000,
            keys,
            ttls,
            kinds,
            values,
            as_bytes_list(reply[3]),
            as_bytes_list(reply[4]),
            worked=as_int(reply[6]) / 1e6,
        )
        for at in range(last, len(reply), 4):
            page.big.append(TooBig(as_bytes(reply[at]), as_int(reply[at + 1]), as_bytes(reply[at + 2]), as_int(reply[at + 3])))
        return page

    def read_keys(self, keys: list[bytes]) -> Page[Returned]:
        """These keys, in as many calls as their values need. Never called while a page is under way."""
        self.request_keys(keys)
        return self.receive_keys()

    def receive_keys(self) -> Page[Returned]:
        """The keys asked for, after further calls where one could not return them all; `later` is empty then."""
        whole = self.receive()
        while whole.later:
            left = whole.later
            whole.take_in(self._page(self._requests.ahead_of_the_rest(READ.request(left, "", 0, *self._tail))))
            if len(whole.later) == len(left):
                raise TargetRefused(f"{self.connection.endpoint} returns none of {len(left)} keys")
        return whole


@dataclass(frozen=True, slots=True)
class ScanOf:
    """What a reader scans: SCAN's COUNT, and what the server may leave out by itself (Router.filter_arguments)."""

    page_keys: int
    filter_arguments: tuple[bytes, ...] | list[bytes]


def payload_reader(connection: Connection, form: ValueForm, limits: ReadLimits, scan: ScanOf | None = None) -> PageReader[bytes]:
    """A reader of values as bytes; without `scan`, of named keys only."""
    return PageReader(connection, form, limits, payload_fours, scan)


def value_reader(connection: Connection, limits: ReadLimits, scan: ScanOf | None = None, *, field_ttls: bool) -> PageReader[Value]:
    """A reader of values by their types' own commands; without `scan`, of named keys only. `field_ttls`: ServerFacts.fields_may_expire."""
    return PageReader(connection, "field-ttls" if field_ttls else "value", limits, value_fours, scan)


def compact_reader(connection: Connection, limits: ReadLimits, scan: ScanOf | None = None) -> PageReader[Value]:
    """A reader as `value_reader`, but of collections in a compact encoding by their DUMP, which costs both ends less.

    Only for servers whose DUMPs can be compared (verify/comparison_form.py).
    """
    return PageReader(connection, "compact", limits, value_fours, scan)


Item = TypeVar("Item")


def in_pages(items: list[Item], size: int) -> Iterable[list[Item]]:
    """Runs of items, `size` at most."""
    return (items[start : start + size] for start in range(0, len(items), size))
