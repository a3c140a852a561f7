"""Brings keys from a source to their targets, whatever their size: the one way in which a key is read and written.

A copy hands over the pages of its scan, a repair the names it found.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from uplift.errors import NotConvertible
from uplift.keyspace.keymap.routing import Rule
from uplift.keyspace.server.big_key_copier import BigKeyCopier, BigOutcome, Place
from uplift.keyspace.server.page_reader import Page, PageReader, TooBig
from uplift.keyspace.server.page_writer import PageWriter
from uplift.keyspace.server.target import Target
from uplift.keyspace.server.window import requests_under_way

ATTEMPTS = 3


@dataclass(slots=True)
class BigCounts:
    """What became of big keys since the counts were taken last; `not_copied` by key, with the reason, `held` as BigKeyCopier.held."""

    copied: int = 0
    not_copied: dict[bytes, str] = field(default_factory=dict)
    held: dict[bytes, int] = field(default_factory=dict)


class KeyTransfer:
    """Takes pages, or names of keys, of one database.

    `reader` reads by name, over the connection that big keys are read over too; `round_trip` to its server, in seconds, says how many
    requests for what pages had no room for may be under way.
    """

    def __init__(
        self, reader: PageReader[bytes], writer: PageWriter, copier: BigKeyCopier, targets: list[Target], round_trip: float
    ) -> None:
        self.writer = writer
        self.big = BigCounts()
        self._reader, self._copier, self._targets = reader, copier, targets
        self._waiting: list[tuple[TooBig, Rule, bool]] = []
        self._most_later = requests_under_way(round_trip)

    def take(self, page: Page[bytes]) -> None:
        """Write a page; what it had no room for is asked for, and its big keys wait until `settle`. Raises what PageWriter.write raises."""
        self._write(page)
        if page.later:
            self._reader.request_keys(page.later)
        if self._reader.under_way > self._most_later:
            self._write(self._reader.receive_keys())

    def _write(self, page: Page[bytes]) -> None:
        self._waiting += [(entry, rule, self.writer.exclusive) for entry, rule in self.writer.write(page)]

    def bring(self, keys: list[bytes]) -> None:
        """Read these keys now and write them, as `take`."""
        self.take(self._reader.read_keys(keys))

    def settle(self) -> None:
        """Wait until every target has answered, then bring the big keys, one by one.

        Raises what Target.settle and BigKeyCopier raise.
        """
        while self._reader.under_way:
            self._write(self._reader.receive_keys())
        # All of them are sent what there is before the first is waited for.
        for target in self._targets:
            target.flush()
        for target in self._targets:
            target.settle()
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        for entry, rule, exclusive in waiting:
            self.writer.exclusive = exclusive
            self._bring_big(entry, rule)
        for target in self._targets:
            target.settle()

    def take_big_counts(self) -> BigCounts:
        """The counts so far; they begin again at 0."""
        counts, self.big = self.big, BigCounts()
        counts.held, self._copier.held = self._copier.held, {}
        return counts

    def _bring_big(self, entry: TooBig, rule: Rule) -> None:
        """Three readings; a key that is no longer big is written as any other."""
        writer = self.writer
        place = Place(self._targets[rule.target], rule.root + entry.key, writer.clock_ahead(rule.target), writer.exclusive)
        for attempt in range(ATTEMPTS):
            outcome = self._copier.copy_in_pieces(entry, place)
            if outcome is BigOutcome.NEEDS_WHOLE:
                break
            if outcome is not BigOutcome.CHANGED:
                self._take_outcome(outcome, entry.key, rule, place)
                return
            if attempt < ATTEMPTS - 1:
                page = self._reader.read_keys([entry.key])
                if not page.big:
                    self.writer.write(page)
                    # Counted once already, as big.
                    self.writer.written.read -= 1
                    return
                entry = page.big[0]
        try:
            self._take_outcome(self._copier.copy_whole(entry.key, place), entry.key, rule, place)
        except NotConvertible as problem:
            writer.refuse(entry.key, problem)

    def _take_outcome(self, outcome: BigOutcome, key: bytes, rule: Rule, place: Place) -> None:
        match outcome:
            case BigOutcome.COPIED:
                self.writer.written.copied[rule.index] += 1
                self.big.copied += 1
            case BigOutcome.OVER:
                self.writer.written.expired_or_deleted += 1
                self.writer.delete(place.name, rule.target)
            case BigOutcome.KEPT:
                # As a small key is: written as far as the counts go, and kept.
                self.writer.written.copied[rule.index] += 1
                if place.name not in place.target.kept:
                    place.target.kept.append(place.name)
            case BigOutcome.TOO_BIG | BigOutcome.CHANGED | BigOutcome.NEEDS_WHOLE:
                self.big.not_copied[key] = (
                    f"it changed during {ATTEMPTS} readings or cannot be read in pieces (a stream, fields with TTLs), and is too big to be "
                    f"read whole ({self._copier.whole_bytes:,} bytes, --whole-bytes)"
                )
