"""Writes the keys of a page to their targets: which rule, which name, whether it is over already, in which form."""

from __future__ import annotations

from dataclasses import dataclass, field

from uplift.errors import KeyUnroutable, NotConvertible
from uplift.keyspace.keymap.key_label import KeyLabels
from uplift.keyspace.keymap.routing import Rule
from uplift.keyspace.rdb.payload import fits
from uplift.keyspace.server.expiry import NO_SUCH_KEY
from uplift.keyspace.server.page_reader import Page, TooBig, ValueForm
from uplift.keyspace.server.rdb_version import newest_payload_taken
from uplift.keyspace.server.source_and_targets import Servers


@dataclass(slots=True)
class Written:
    """What was done since the counts were taken last. `copied` is by index of rule, `value_bytes` are their bytes, `deleted`
    keys that were deleted on a target because the source has them no more.

    `refused` are keys that a target cannot hold, with the reason.
    """

    copied: list[int]
    read: int = 0
    expired_or_deleted: int = 0
    deleted: int = 0
    value_bytes: int = 0
    refused: list[tuple[bytes, str]] = field(default_factory=list)


class PageWriter:
    """Adds the keys of pages to the batches of their targets.

    `exclusive`: a key that a target has already is left alone (Target.kept). `may_delete`, by target: whether a key that is gone from the
    source is deleted there. `stops_at_refused`: whether a key that a target cannot hold ends the run, or is listed.
    """

    def __init__(self, servers: Servers, form: ValueForm, labels: KeyLabels, may_delete: list[bool], *, stops_at_refused: bool) -> None:
        self.exclusive = False
        self.may_delete = may_delete
        self.written = Written([0] * len(servers.router.rules))
        self._router, self._targets, self._labels = servers.router, servers.targets, labels
        # A clock that is behind makes no TTL shorter than its 0 ms.
        self._clocks_ahead = [max(0.0, ahead) for ahead in servers.clocks_ahead]
        self._strings_are_raw = form is ValueForm.COPY
        newest = newest_payload_taken(servers.facts)
        self._check_forms = [not fits(newest, target.newest_payload) for target in servers.targets]
        self._stops_at_refused = stops_at_refused

    def take_written(self) -> Written:
        """The counts so far; they begin again at 0."""
        written, self.written = self.written, Written([0] * len(self._router.rules))
        return written

    def write(self, page: Page[bytes]) -> list[tuple[TooBig, Rule]]:
        """Route a page's keys and add them to their targets' batches; returns those too big for it. What is `later` is not looked at.

        Raises KeyUnroutable, or NotConvertible where that ends the run. This loop is plain and long on purpose: it runs once a key
        (bench/copy.py: 4 of the client's 5 µs).
        """
        route, targets, written, check_forms = self._router.route, self._targets, self.written, self._check_forms
        ahead, exclusive, copied = self._clocks_ahead, self.exclusive, written.copied
        strings_are_raw, now, size = self._strings_are_raw, page.now, 0
        for key, ttl, kind, value in page.entries():
            rule = route(key)
            if rule is None:
                raise self._unroutable(key)
            index = rule.target
            if index < 0:
                continue
            # A TTL of 0 ms is over; so is one that ends before the target's clock, which is ahead of the source's by so much.
            if ttl == NO_SUCH_KEY or 0 <= ttl <= ahead[index]:
                self._take_missing(key, rule)
                continue
            name = rule.root + key if rule.root else key
            target = targets[index]
            if strings_are_raw and kind == b"string":
                target.add_string(name, value, ttl, now + ttl, exclusive=exclusive)
            else:
                try:
                    target.add_payload(name, value, ttl, now + ttl, exclusive=exclusive, check_form=check_forms[index])
                except NotConvertible as problem:
                    self.refuse(key, problem)
                    continue
            copied[rule.index] += 1
            size += len(value)
        written.read += len(page.keys)
        written.value_bytes += size
        return self._big(page) if page.big or page.missing else []

    def _big(self, page: Page[bytes]) -> list[tuple[TooBig, Rule]]:
        big = []
        self.written.read += len(page.big) + len(page.missing)
        for entry in page.big:
            rule = self._rule_of(entry.key)
            if rule.target >= 0:
                big.append((entry, rule))
        for key in page.missing:
            rule = self._rule_of(key)
            if rule.target >= 0:
                self._take_missing(key, rule)
        return big

    def _rule_of(self, key: bytes) -> Rule:
        rule = self._router.route(key)
        if rule is None:
            raise self._unroutable(key)
        return rule

    def _take_missing(self, key: bytes, rule: Rule) -> None:
        self.written.expired_or_deleted += 1
        self.delete(rule.root + key, rule.target)

    def delete(self, name: bytes, target: int) -> None:
        """Delete what a target has under a name whose key is gone from the source, where that is allowed and it may be ours."""
        if self.may_delete[target] and not self.exclusive:
            self._targets[target].add_delete(name)
            self.written.deleted += 1

    def refuse(self, key: bytes, problem: NotConvertible) -> None:
        """Take note of a key that a target cannot hold; raises the problem where that ends the run."""
        if self._stops_at_refused:
            raise problem
        self.written.refused.append((key, str(problem)))

    def clock_ahead(self, target: int) -> float:
        """How far a target's clock is ahead of the source's, in ms; 0 where it is behind."""
        return self._clocks_ahead[target]

    def _unroutable(self, key: bytes) -> KeyUnroutable:
        return KeyUnroutable(
            f"{self._labels.label(key)}: no rule of the key map matches it; add a rule, then run the same command again to go on"
        )
