"""Proves that the targets hold what the source holds: values, lives, nothing missing, nothing extra, nothing on the wrong side.

A page of the source is read by value, then the same names from their targets, and compared here. What differs is read again on both sides,
source first and last: a key whose source moves between the two is still changing, and no difference.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, cast

from uplift.errors import KeyUnroutable
from uplift.keyspace.connection import Connection, ErrorReply, pack
from uplift.keyspace.digest import comparable, digest_in_pieces, digest_of_reply
from uplift.keyspace.key_label import KeyLabels
from uplift.keyspace.partition import Border, first_cursors, next_cursor, partition_bits
from uplift.keyspace.pieces import NeedsWhole
from uplift.keyspace.reading import GONE, Page, PageReader, ReadLimits, ValueForm
from uplift.keyspace.routing import Router, Rule
from uplift.keyspace.server_facts import ServerFacts
from uplift.keyspace.target import Target

_MOST_PENDING = 20_000
MOST_LISTED = 10_000
_NEVER = -1


class Difference(StrEnum):
    """How a key differs. CHANGING is not one: the source itself moves."""

    MISSING = "missing"
    EXTRA = "extra"
    VALUE = "value"
    TTL = "ttl"
    WRONG_SIDE = "wrong side"
    CHANGING = "still changing"


@dataclass(frozen=True, slots=True)
class Found:
    """One difference. `key` is the source's name of it where it has one there, else the target's."""

    difference: Difference
    database: int
    key: bytes
    target: int
    detail: str


@dataclass(slots=True)
class VerifyResult:
    """Counts of everything, and the first differences in full (`found` is capped at MOST_LISTED; `spill` got all of them)."""

    compared: int = 0
    equal: int = 0
    counts: dict[Difference, int] = field(default_factory=dict)
    found: list[Found] = field(default_factory=list)

    @property
    def differences(self) -> int:
        """Everything but keys that are still changing."""
        return sum(count for difference, count in self.counts.items() if difference is not Difference.CHANGING)

    @property
    def changing(self) -> int:
        """Keys whose source moved during every recheck."""
        return self.counts.get(Difference.CHANGING, 0)


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    """`ttl_tolerance` in ms; `rechecks`: how often a key that differs is read again before it
    is called different, with `pause_seconds` between."""

    ttl_tolerance: int = 250
    rechecks: int = 3
    pause_seconds: float = 0.3
    limits: ReadLimits = field(default_factory=ReadLimits)


@dataclass(frozen=True, slots=True)
class _Seen:
    """One side of one key: None as value where it is not there; `expires_at` in ms of the source's clock."""

    kind: bytes
    value: object
    expires_at: int | None


_ABSENT = _Seen(b"none", None, None)
Spill = Callable[[Found], None]


class Verify:
    """One verification of one database."""

    def __init__(
        self,
        source: Connection,
        apart: Connection,
        facts: ServerFacts,
        targets: list[Target],
        clocks_ahead: list[float],
        router: Router,
        options: VerifyOptions,
        spill: Spill,
        labels: KeyLabels,
    ) -> None:
        self._source, self._apart, self._facts = source, apart, facts
        self._targets, self._clocks_ahead = targets, clocks_ahead
        self._router, self._options, self._spill = router, options, spill
        self._labels = labels
        self._database = source.database
        self._rest = PageReader(apart, ValueForm.VALUE, options.limits, [], 0)
        self._there = [PageReader(target.connection, ValueForm.VALUE, options.limits, [], 0) for target in targets]
        # By key: a scan may give a key twice, and it is one difference all the same.
        self._pending: dict[bytes, Rule] = {}
        self._noted: set[tuple[Difference, bytes]] = set()
        self.result = VerifyResult()

    def run(self, progress: Callable[[int], None]) -> VerifyResult:
        """Compare everything both ways. Raises KeyUnroutable, SourceUnreachable or TargetRefused."""
        self._walk_source(progress)
        self.recheck(self._take_pending())
        for index, target in enumerate(self._targets):
            self._walk_target(index, target)
        return self.result

    def _take_pending(self) -> list[tuple[bytes, Rule]]:
        pending, self._pending = self._pending, {}
        return list(pending.items())

    def _walk_source(self, progress: Callable[[int], None]) -> None:
        bits = partition_bits(self._facts)
        limits = self._options.limits
        page_keys = limits.page_keys
        reader = PageReader(self._source, ValueForm.VALUE, limits, self._router.filter_arguments(), page_keys)
        border = Border(self._labels.secret)
        for partition in first_cursors(bits):
            cursor: int | None = partition
            reader.request(partition)
            is_first = True
            while cursor is not None:
                page = reader.receive()
                cursor = next_cursor(page.cursor, partition, bits)
                if cursor is not None:
                    reader.request(cursor)
                if bits and (is_first or cursor is None):
                    page = replace(page, flat=border.without_met(page.flat))
                is_first = False
                self._compare_page(page)
                progress(self.result.compared)
                if len(self._pending) >= _MOST_PENDING:
                    self.recheck(self._take_pending())

    def _compare_page(self, page: Page) -> None:
        """Compare a page with its targets; what differs or is too big waits for a recheck."""
        asked: list[list[bytes]] = [[] for _ in self._targets]
        here: list[dict[bytes, tuple[bytes, Rule, int, bytes, Any]]] = [{} for _ in self._targets]
        for key, ttl, kind, value in page.entries():
            rule = self._router.route(key)
            if rule is None:
                raise KeyUnroutable(f"{self._labels.label(key)}: no rule of the key map matches it; add a rule and verify again")
            if rule.target < 0 or ttl in {0, GONE}:
                continue
            self.result.compared += 1
            if value.__class__ is int:
                self._pending[key] = rule
                continue
            name = rule.root + key
            asked[rule.target].append(name)
            here[rule.target][name] = (key, rule, ttl, kind, value)
        for index, names in enumerate(asked):
            if names:
                self._compare_target(index, page, self._there[index].read_keys(names), here[index])

    def _compare_target(self, index: int, page: Page, there: Page, here: dict[bytes, tuple[bytes, Rule, int, bytes, Any]]) -> None:
        # A target's clock, brought to the source's: lives are compared as moments.
        shift = there.now - self._clocks_ahead[index] - page.now
        tolerance = self._options.ttl_tolerance
        for name, ttl, kind, value in there.entries():
            key, rule, source_ttl, source_kind, source_value = here[name]
            same = (
                kind == source_kind
                and (value == source_value or comparable(kind, value) == comparable(kind, source_value))
                and ((ttl < 0) == (source_ttl < 0))
                and (ttl < 0 or abs(ttl + shift - source_ttl) <= tolerance)
            )
            if same:
                self.result.equal += 1
            else:
                self._pending[key] = rule

    def recheck(self, keys: list[tuple[bytes, Rule]]) -> None:
        """Look at keys again, as often as the options say, until each is equal or called different or changing."""
        for attempt in range(self._options.rechecks):
            last = attempt == self._options.rechecks - 1
            left = []
            for key, rule in keys:
                difference, detail = self.compare_key(key, rule)
                if difference is None:
                    self.result.equal += 1
                elif last:
                    self.note(difference, key, rule.target, detail)
                else:
                    left.append((key, rule))
            keys = left
            if keys and not last:
                time.sleep(self._options.pause_seconds)

    def compare_key(self, key: bytes, rule: Rule) -> tuple[Difference | None, str]:
        """Read one key on the source, on its target, and on the source again."""
        name = rule.root + key
        before = self._see(self._apart, key, 0.0, self._facts)
        there = self._see(self._targets[rule.target].connection, name, self._clocks_ahead[rule.target], self._targets[rule.target].facts)
        difference, detail = _difference(before, there, self._options.ttl_tolerance)
        if difference is None:
            return None, ""
        after = self._see(self._apart, key, 0.0, self._facts)
        if _difference(before, after, self._options.ttl_tolerance)[0] is not None:
            return Difference.CHANGING, "the source itself changes"
        return difference, detail

    def _see(self, connection: Connection, key: bytes, clock_ahead: float, facts: ServerFacts) -> _Seen:
        page = PageReader(connection, ValueForm.VALUE, self._options.limits, [], 0).read_keys([key])
        _, ttl, kind, value = next(iter(page.entries()))
        if kind == b"none" or ttl in {0, GONE}:
            return _ABSENT
        expires_at = None if ttl == _NEVER else round(page.now - clock_ahead) + ttl
        if isinstance(value, int):
            value = self._big_value(connection, key, kind)
            return _Seen(kind, value, expires_at)
        return _Seen(kind, comparable(kind, value), expires_at)

    def _big_value(self, connection: Connection, key: bytes, kind: bytes) -> object:
        try:
            return digest_in_pieces(connection, key, kind, self._options.limits)
        except NeedsWhole:
            return digest_of_reply(connection.call("XRANGE", key, "-", "+"))
        except ErrorReply:
            # The type changed while it was read; the comparison that follows finds the key changing.
            return object()

    def note(self, difference: Difference, key: bytes, target: int, detail: str) -> None:
        """Count a difference, keep it while there is room, and give it to the report in full."""
        if (difference, key) in self._noted:
            return
        if len(self._noted) < MOST_LISTED:
            self._noted.add((difference, key))
        found = Found(difference, self._database, key, target, detail)
        self.result.counts[difference] = self.result.counts.get(difference, 0) + 1
        if len(self.result.found) < MOST_LISTED:
            self.result.found.append(found)
        self._spill(found)

    def _walk_target(self, index: int, target: Target) -> None:
        """Every key of a target must be a key of the source that belongs there, or one that no rule writes."""
        cursor = b"0"
        while True:
            cursor, names = cast("tuple[bytes, list[bytes]]", target.connection.call("SCAN", cursor, "COUNT", 500))
            suspects: list[tuple[bytes, bytes]] = []
            for name in names:
                origin = self._origin(index, name)
                if origin is not None:
                    suspects.append((name, origin))
            self._check_origins(index, suspects)
            if cursor == b"0":
                return

    def _origin(self, index: int, name: bytes) -> bytes | None:
        """The source's key a target's key must come from; None for a key that this map does not write at all."""
        rule = self._router.route(name)
        if rule is not None and not rule.root:
            if rule.target == index:
                return name
            if rule.target >= 0:
                self.note(Difference.WRONG_SIDE, name, index, f"belongs to {self._targets[rule.target].name} (rule {rule.name})")
                return None
        for root in self._roots(index):
            if name.startswith(root):
                origin = name[len(root) :]
                renamed = self._router.route(origin)
                if renamed is not None and renamed.target == index and renamed.root == root:
                    return origin
        if rule is None or rule.root:
            self.note(Difference.EXTRA, name, index, "no key of the source is written under this name")
        return None

    def _roots(self, index: int) -> set[bytes]:
        return {rule.root for rule in self._router.rules if rule.target == index and rule.root}

    def _check_origins(self, index: int, suspects: list[tuple[bytes, bytes]]) -> None:
        if not suspects:
            return
        replies = self._apart.call_all([pack("EXISTS", origin) for _, origin in suspects])
        for (name, _), reply in zip(suspects, replies, strict=True):
            # Gone from the source: a life may just be over there and not yet here, so the target is asked again.
            if reply == 0 and self._targets[index].connection.call("EXISTS", name) == 1 and self._outlives(index, name):
                self.note(Difference.EXTRA, name, index, "not on the source")

    def _outlives(self, index: int, name: bytes) -> bool:
        ttl = cast("int", self._targets[index].connection.call("PTTL", name))
        return ttl == _NEVER or ttl > self._options.ttl_tolerance


def _difference(source: _Seen, target: _Seen, tolerance: int) -> tuple[Difference | None, str]:
    if source is _ABSENT or target is _ABSENT:
        if source is target:
            return None, ""
        return (Difference.EXTRA, "not on the source") if source is _ABSENT else (Difference.MISSING, "not on the target")
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
