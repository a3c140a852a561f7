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

ATTEMPTS = 3


@dataclass(slots=True)
class BigCounts:
    """What became of big keys since the counts were taken last; `not_copied` by key, with the reason, `held` as BigKeyCopier.held."""

    copied: int = 0
    not_copied: dict[bytes, str] = field(default_factory=dict)
    held: dict[bytes, int] = field(default_factory=dict)


class KeyTransfer:
    """Takes pages, or names of keys, of one database. `reader` reads by name, over the connection that big keys are read over too."""

    def __init__(self, reader: PageReader[bytes], writer: PageWriter, copier: BigKeyCopier, targets: list[Target]) -> None:
        self.writer = writer
        self.big = BigCounts()
        self._reader, self._copier, self._targets = reader, copier, targets
        self._waiting: list[tuple[TooBig, Rule, bool]] = []

    def take(self, page: Page[bytes]) -> None:
        """Write a page, and what it had no room for; its big keys wait until `settle`. Raises what PageWriter.write raises."""
        big = self.writer.write(page)
        if page.later:
            big += self.writer.write(self._reader.read_keys(page.later))
        if big:
            self._waiting += [(entry, rule, self.writer.exclusive) for entry, rule in big]

    def bring(self, keys: list[bytes]) -> None:
        """Read these keys now and write them, as `take`."""
        self.take(self._reader.read_keys(keys))

    def settle(self) -> None:
        """Wait until every target has answered, then bring the big keys, one by one.

        Raises what Target.settle and BigKeyCopier raise.
        """
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
