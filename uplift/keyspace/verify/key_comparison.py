"""Compares one key by looking again: the source, its target, and the source once more."""

from __future__ import annotations

from dataclasses import dataclass, replace

from uplift.keyspace.server.canonical_value import InMemory, big_value, comparable
from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.page_reader import GONE, NEVER_EXPIRES, PageReader, ReadLimits, ValueForm
from uplift.keyspace.server.target import Target
from uplift.keyspace.verify.result import Difference


@dataclass(frozen=True, slots=True)
class _Seen:
    """One side of one key, with times in ms of the source's clock; the type of one that is not there is `none`.

    `size` is that of a value too big for a page (bytes of a string, elements of the rest), whose `value` is read later, else 0.
    """

    kind: bytes
    value: object
    seen_at: int
    expires_at: int | None
    size: int = 0

    @property
    def is_there(self) -> bool:
        """Whether the key is there."""
        return self.kind != b"none"

    def ends_within(self, milliseconds: int) -> bool:
        """Whether it is about to expire: the other side, whose TTL may be that much shorter, can have expired it already."""
        return self.expires_at is not None and self.expires_at - self.seen_at <= milliseconds


@dataclass(frozen=True, slots=True)
class KeyComparison:
    """Looks at single keys. `ttl_tolerance` in ms; `clocks_ahead` by target, in ms."""

    source: Connection
    targets: list[Target]
    clocks_ahead: list[float]
    limits: ReadLimits
    ttl_tolerance: int

    def compare(self, key: bytes, name: bytes, index: int) -> tuple[Difference | None, str]:
        """How a key of the source differs from `name` on a target, and in what; None where it does not."""
        target = self.targets[index]
        before = self._see(self.source, key, 0.0)
        there = self._see(target.connection, name, self.clocks_ahead[index])
        if before.kind == there.kind and (before.size or there.size):
            before, there = self._with_big_values(before, there, key, name, target)
        difference, detail = _difference(before, there, self.ttl_tolerance)
        if difference is None:
            return None, ""
        after = self._see(self.source, key, 0.0)
        if before.size and after.size == before.size and after.kind == before.kind:
            after = self._read_like(after, before, key)
        if _difference(before, after, self.ttl_tolerance)[0] is not None:
            return Difference.CHANGING, "the source itself changes"
        return difference, detail

    def _see(self, connection: Connection, key: bytes, clock_ahead: float) -> _Seen:
        page = PageReader(connection, ValueForm.VALUE, self.limits, [], 0).read_keys([key])
        _, ttl, kind, value = next(iter(page.entries()))
        now = round(page.now - clock_ahead)
        if kind == b"none" or ttl in {0, GONE}:
            return _Seen(b"none", None, now, None)
        expires_at = None if ttl == NEVER_EXPIRES else now + ttl
        if isinstance(value, int):
            return _Seen(kind, None, now, expires_at, value)
        return _Seen(kind, comparable(kind, value), now, expires_at)

    def _with_big_values(self, here: _Seen, there: _Seen, key: bytes, name: bytes, target: Target) -> tuple[_Seen, _Seen]:
        """Both sides with values that compare: in memory where they fit, else by digests. Sizes that differ need no reading."""
        if here.size and there.size and here.size != there.size:
            return replace(here, value=here.size), replace(there, value=there.size)
        mine = big_value(self.source, key, here.kind, self.limits, in_memory=True)
        theirs = big_value(target.connection, name, here.kind, self.limits, in_memory=isinstance(mine, InMemory))
        return replace(here, value=mine), replace(there, value=theirs)

    def _read_like(self, after: _Seen, before: _Seen, key: bytes) -> _Seen:
        """The source's value in the form it was read in before."""
        if isinstance(before.value, int):
            return replace(after, value=after.size)
        return replace(after, value=big_value(self.source, key, after.kind, self.limits, in_memory=isinstance(before.value, InMemory)))


def _difference(source: _Seen, target: _Seen, tolerance: int) -> tuple[Difference | None, str]:
    if not source.is_there:
        return (None, "") if not target.is_there or target.ends_within(tolerance) else (Difference.EXTRA, "not on the source")
    if not target.is_there:
        return (None, "") if source.ends_within(tolerance) else (Difference.MISSING, "not on the target")
    if source.kind != target.kind:
        return Difference.VALUE, f"a {target.kind.decode()}, on the source a {source.kind.decode()}"
    if source.value != target.value:
        return Difference.VALUE, f"another {source.kind.decode()}"
    if (source.expires_at is None) != (target.expires_at is None):
        return Difference.TTL, "never expires, on the source it does" if target.expires_at is None else "expires, on the source it does not"
    if source.expires_at is not None and target.expires_at is not None:
        apart = target.expires_at - source.expires_at
        if abs(apart) > tolerance:
            return Difference.TTL, f"expires {apart:+,} ms from when it does on the source"
    return None, ""
