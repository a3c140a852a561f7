"""Mends what a verification found: the source is read again right before each write, and deletes happen only where they were asked for."""

from __future__ import annotations

from dataclasses import dataclass, field

from uplift.errors import NotConvertible
from uplift.keyspace.keymap.routing import Rule
from uplift.keyspace.rdb.payload import fits
from uplift.keyspace.server.big_key_copier import BigKeyCopier, BigOutcome
from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.page_reader import GONE, PageReader, ReadLimits, ValueForm
from uplift.keyspace.server.rdb_version import newest_payload_taken
from uplift.keyspace.server.scripts import MISSING
from uplift.keyspace.server.source_and_targets import Servers
from uplift.keyspace.server.target import Existing
from uplift.keyspace.server.value_pieces import drain
from uplift.keyspace.verify.result import Difference, Found


@dataclass(slots=True)
class Repaired:
    """What was done. `refused` says why a key could not be mended."""

    written: int = 0
    deleted: int = 0
    refused: list[str] = field(default_factory=list)


class Repair:
    """Mends differences of one database, one at a time, and adds to `done`. `may_delete`: by target, whether extras may go."""

    def __init__(self, apart: Connection, servers: Servers, may_delete: list[bool], run: str, whole_bytes: int, done: Repaired) -> None:
        self._apart, self._targets, self._router, self._may_delete, self.done = apart, servers.targets, servers.router, may_delete, done
        limits = ReadLimits()
        self._reader = PageReader(apart, ValueForm.DUMP, limits, [], 0)
        self._copier = BigKeyCopier(apart, servers.facts, run, limits, Existing.REPLACE, whole_bytes)
        newest = newest_payload_taken(servers.facts)
        self._check_forms = [not fits(newest, target.newest_payload) for target in servers.targets]

    def mend(self, found: Found) -> None:
        """Mend one difference; what cannot be mended is left for the next verification to name."""
        match found.difference:
            case Difference.MISSING | Difference.VALUE | Difference.TTL | Difference.CHANGING:
                rule = self._router.route(found.key)
                if rule is not None and rule.target >= 0:
                    self._write(found.key, rule)
            case Difference.EXTRA | Difference.WRONG_SIDE:
                if self._may_delete[found.target] and self._is_not_from_here(found):
                    target = self._targets[found.target]
                    drain(target.connection, found.key, has_unlink=target.has_unlink)
                    self.done.deleted += 1

    def _is_not_from_here(self, found: Found) -> bool:
        """A fresh look: a key that has come to the source since, and is written under this name, is no extra any more."""
        for root in {rule.root for rule in self._router.rules if rule.target == found.target}:
            if not found.key.startswith(root):
                continue
            origin = found.key[len(root) :]
            rule = self._router.route(origin)
            if rule is not None and (rule.target, rule.root) == (found.target, root) and not MISSING.call(self._apart, [origin]):
                return False
        return True

    def _write(self, key: bytes, rule: Rule) -> None:
        target, name = self._targets[rule.target], rule.root + key
        page = self._reader.read_keys([key])
        _, ttl, kind, value = next(iter(page.entries()))
        try:
            if isinstance(value, int) and kind != b"none":
                if self._copier.copy(key, name, target) is BigOutcome.UNSETTLED:
                    self.done.refused.append("a big key changed during every attempt")
                    return
            elif value is None or ttl in {0, GONE}:
                target.add_delete(name)
            else:
                check = self._check_forms[rule.target]
                target.add_payload(name, value, ttl, page.now + ttl, replace=True, check_form=check)
            target.settle()
            self.done.written += 1
        except NotConvertible as problem:
            self.done.refused.append(str(problem))
