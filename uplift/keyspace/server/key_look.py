"""Looks at keys of one server by name: whether each is there, its type, its value in a form that compares, and when it expires."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from uplift.keyspace.server.big_value_reader import BigValueReader, InMemory
from uplift.keyspace.server.canonical_value import comparable
from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.expiry import NO_SUCH_KEY, NO_TTL
from uplift.keyspace.server.facts import ServerFacts
from uplift.keyspace.server.page_reader import Page, ReadLimits, value_reader
from uplift.keyspace.server.page_reply import Value
from uplift.keyspace.server.source_and_targets import Servers


@dataclass(frozen=True, slots=True)
class Look:
    """A key that is there, with times in ms of the source's clock.

    `size` is 0 unless the value is too big for a page, and not read yet. That is judged by a sampled element, so a value can be big at one
    look and not at the next. `in_pieces`: the value was read as a big one.
    """

    kind: bytes
    value: object
    seen_at: int
    expires_at: int | None
    size: int = 0
    in_pieces: bool = False

    def ends_within(self, milliseconds: int) -> bool:
        """Whether it is about to expire: the other side, whose TTL may be that much shorter, can have expired it already."""
        return self.expires_at is not None and self.expires_at - self.seen_at <= milliseconds


class KeyLooker:
    """Looks at keys over one connection. `clock_ahead`: how far this server's clock is ahead of the source's, in ms."""

    def __init__(self, connection: Connection, facts: ServerFacts, limits: ReadLimits, clock_ahead: float) -> None:
        self._reader = value_reader(connection, limits, field_ttls=facts.fields_may_expire)
        self._big = BigValueReader(connection, limits, facts.fields_may_expire)
        self._clock_ahead = clock_ahead

    def look(self, keys: list[bytes]) -> dict[bytes, Look]:
        """Those of the keys that are there; of a big one the size alone. Raises what PageReader.read_keys raises."""
        return self._looks(self._reader.read_keys(keys)) if keys else {}

    def _looks(self, page: Page[Value]) -> dict[bytes, Look]:
        now = round(page.now - self._clock_ahead)
        found = {}
        for key, ttl, kind, value in page.entries():
            if ttl not in {0, NO_SUCH_KEY}:
                found[key] = Look(kind, comparable(kind, value), now, None if ttl == NO_TTL else now + ttl)
        for big in page.big:
            if big.ttl not in {0, NO_SUCH_KEY}:
                found[big.key] = Look(big.kind, None, now, None if big.ttl == NO_TTL else now + big.ttl, big.size)
        return found

    def big_value(self, key: bytes, kind: bytes, like: object | None = None) -> object:
        """The value of a key too big for a page: held in memory where it fits, or in the form that `like` has."""
        return self._big.read(key, kind, in_memory=like is None or isinstance(like, InMemory))


def lookers(servers: Servers, apart: Connection, limits: ReadLimits) -> tuple[KeyLooker, list[KeyLooker]]:
    """One for the source, over the connection `apart`, and one for each target."""
    source = KeyLooker(apart, servers.facts, servers.limits_of_source(limits), 0.0)
    targets = [
        KeyLooker(target.connection, target.facts, servers.limits_of_target(index, limits), servers.clocks_ahead[index])
        for index, target in enumerate(servers.targets)
    ]
    return source, targets


def same_big_value(key: bytes, here: KeyLooker, name: bytes, there: KeyLooker, kind: bytes) -> tuple[object, object]:
    """The value of a big key on two servers, read at once and in one form. One that is big on one side alone is read so on both."""
    with ThreadPoolExecutor(max_workers=1) as beside:
        reading = beside.submit(there.big_value, name, kind)
        mine = here.big_value(key, kind)
        theirs = reading.result()
    if isinstance(mine, InMemory) and not isinstance(theirs, InMemory):
        return here.big_value(key, kind, like=theirs), theirs
    if isinstance(theirs, InMemory) and not isinstance(mine, InMemory):
        return mine, there.big_value(name, kind, like=mine)
    return mine, theirs
