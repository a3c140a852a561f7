"""What a target holds that is not the source's, or does not belong there."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from contextlib import closing

from uplift.keyspace.keymap.origin import origin_of
from uplift.keyspace.server.connection import Connection, pack
from uplift.keyspace.server.expiry import NO_TTL
from uplift.keyspace.server.name_reader import NamePage, pages_of_names
from uplift.keyspace.server.pipelined_requests import PipelinedRequests
from uplift.keyspace.server.replies import Reply, as_bytes_list
from uplift.keyspace.server.scan_partition import partitions_at
from uplift.keyspace.server.scripts import MISSING
from uplift.keyspace.server.source_and_targets import Servers
from uplift.keyspace.server.window import requests_under_way
from uplift.keyspace.verify.result import Difference


class ExtraKeys:
    """Walks targets by name. `apart`: a connection to the source; `ttl_tolerance` in ms."""

    def __init__(self, servers: Servers, apart: Connection, ttl_tolerance: int) -> None:
        self._router, self._targets, self._apart, self._tolerance = servers.router, servers.targets, apart, ttl_tolerance
        self._most_asked = requests_under_way(servers.distance.round_trip)

    def of_target(self, index: int) -> Iterator[tuple[Difference, bytes, str]]:
        """Every key of a target that is no key of the source that belongs there, nor one that no rule writes."""
        missing = PipelinedRequests(self._apart, MISSING)
        asked: deque[dict[bytes, bytes]] = deque()
        with closing(self._pages(index)) as pages:
            for page in pages:
                suspects: dict[bytes, bytes] = {}
                for name in page.all_keys:
                    origin = origin_of(self._router, index, name)
                    if origin is not None:
                        suspects[name] = origin[0]
                    elif (found := self._unwritten(name)) is not None:
                        yield found
                if suspects:
                    missing.send(MISSING.request(list(suspects.values())))
                    asked.append(suspects)
                while len(asked) >= self._most_asked:
                    yield from self._without_origin(index, asked.popleft(), missing.receive())
        while asked:
            yield from self._without_origin(index, asked.popleft(), missing.receive())

    def _pages(self, index: int) -> Generator[NamePage, None, None]:
        target = self._targets[index]
        database, round_trip = target.connection.database, target.distance.round_trip
        return pages_of_names(target.connection, database, partitions_at(target.facts, round_trip, database), round_trip)

    def _unwritten(self, name: bytes) -> tuple[Difference, bytes, str] | None:
        """A name under which no key is written to this target; None for one that the map leaves alone."""
        rule = self._router.first_match(name)
        if rule is not None and rule.target >= 0 and not rule.root:
            return Difference.WRONG_SIDE, name, f"belongs to {self._targets[rule.target].name} (rule {rule.name})"
        if rule is None or rule.root:
            return Difference.EXTRA, name, "no key of the source is written under this name"
        return None

    def _without_origin(self, index: int, suspects: dict[bytes, bytes], answer: Reply) -> Iterator[tuple[Difference, bytes, str]]:
        missing = set(as_bytes_list(answer))
        gone = [name for name, origin in suspects.items() if origin in missing]
        # Gone from the source: a TTL may just be over there and not yet here, so the target is asked again.
        ttls = self._targets[index].connection.ask_all([pack("PTTL", name) for name in gone]) if gone else []
        for name, ttl in zip(gone, ttls, strict=True):
            if isinstance(ttl, int) and (ttl == NO_TTL or ttl > self._tolerance):
                yield Difference.EXTRA, name, "not on the source"


def missing_on_source(source: Connection, keys: list[bytes]) -> set[bytes]:
    """Which of the keys the source does not have, or has for 0 ms more."""
    return set(as_bytes_list(MISSING.ask(source, keys))) if keys else set()
