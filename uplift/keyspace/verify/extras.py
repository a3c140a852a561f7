"""What a target holds that is not the source's, or does not belong there."""

from __future__ import annotations

from collections.abc import Iterator

from uplift.keyspace.keymap.origin import origin_of
from uplift.keyspace.server.connection import Connection, pack
from uplift.keyspace.server.expiry import NO_TTL
from uplift.keyspace.server.replies import as_bytes_list, as_scan
from uplift.keyspace.server.scripts import MISSING
from uplift.keyspace.server.source_and_targets import Servers
from uplift.keyspace.verify.result import Difference

_PAGE_KEYS = 500


class ExtraKeys:
    """Walks targets by name. `apart`: a connection to the source; `ttl_tolerance` in ms."""

    def __init__(self, servers: Servers, apart: Connection, ttl_tolerance: int) -> None:
        self._router, self._targets, self._apart, self._tolerance = servers.router, servers.targets, apart, ttl_tolerance

    def of_target(self, index: int) -> Iterator[tuple[Difference, bytes, str]]:
        """Every key of a target that is no key of the source that belongs there, nor one that no rule writes."""
        cursor = b"0"
        while True:
            cursor, names = as_scan(self._targets[index].connection.ask("SCAN", cursor, "COUNT", _PAGE_KEYS))
            suspects: dict[bytes, bytes] = {}
            for name in names:
                origin = origin_of(self._router, index, name)
                if origin is not None:
                    suspects[name] = origin[0]
                elif (found := self._unwritten(name)) is not None:
                    yield found
            yield from self._without_origin(index, suspects)
            if cursor == b"0":
                return

    def _unwritten(self, name: bytes) -> tuple[Difference, bytes, str] | None:
        """A name under which no key is written to this target; None for one that the map leaves alone."""
        rule = self._router.first_match(name)
        if rule is not None and rule.target >= 0 and not rule.root:
            return Difference.WRONG_SIDE, name, f"belongs to {self._targets[rule.target].name} (rule {rule.name})"
        if rule is None or rule.root:
            return Difference.EXTRA, name, "no key of the source is written under this name"
        return None

    def _without_origin(self, index: int, suspects: dict[bytes, bytes]) -> Iterator[tuple[Difference, bytes, str]]:
        missing = missing_on_source(self._apart, list(suspects.values()))
        gone = [name for name, origin in suspects.items() if origin in missing]
        # Gone from the source: a TTL may just be over there and not yet here, so the target is asked again.
        ttls = self._targets[index].connection.ask_all([pack("PTTL", name) for name in gone]) if gone else []
        for name, ttl in zip(gone, ttls, strict=True):
            if isinstance(ttl, int) and (ttl == NO_TTL or ttl > self._tolerance):
                yield Difference.EXTRA, name, "not on the source"


def missing_on_source(source: Connection, keys: list[bytes]) -> set[bytes]:
    """Which of the keys the source does not have, or has for 0 ms more."""
    return set(as_bytes_list(MISSING.ask(source, keys))) if keys else set()
