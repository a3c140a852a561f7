"""Which keys a round reads, on which sides and by which names: where one side alone was touched, that side alone is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from uplift.keyspace.follow.key_state import Side
from uplift.keyspace.follow.reading import ReadForm
from uplift.keyspace.keymap.routing import Rule

PAGE_KEYS = 100
_SIDES = tuple(Side)
_ONE_SIDE = tuple((side,) for side in Side)


def name_on(side: Side, key: bytes, rule: Rule) -> bytes:
    """A followed key's name on a side; `key` is the source's name, `rule` the one that it is followed by."""
    return rule.root + key if side is Side.TARGET and rule.root else key


@dataclass(slots=True)
class Page:
    """The keys of one script call a side, by source names. `one_side`: what is read on that side only; `both_sides`: on both."""

    number: int
    target: int
    form: ReadForm
    one_side: tuple[list[bytes], list[bytes]] = field(default_factory=lambda: ([], []))
    both_sides: list[bytes] = field(default_factory=list)

    def keys_read(self, side: Side) -> list[bytes]:
        """What is read on a side."""
        return self.one_side[side] + self.both_sides

    def has_room(self, sides: tuple[Side, ...]) -> bool:
        """For one more key on these sides."""
        taken = len(self.both_sides)
        return all(len(self.one_side[side]) + taken < PAGE_KEYS for side in sides)

    @property
    def most_keys(self) -> int:
        """The keys of the fuller side."""
        return max(len(self.one_side[Side.SOURCE]), len(self.one_side[Side.TARGET])) + len(self.both_sides)


@dataclass(frozen=True, slots=True)
class Dirty:
    """A key to read: `side` None is both."""

    key: bytes
    target: int
    side: Side | None


def pages_of(dirty: Iterable[Dirty], targets: int, most_keys: int) -> list[Page]:
    """Pages of values for the first `most_keys` keys; every target has one at least, since every server gets a marker in every round."""
    pages = [Page(number, number, ReadForm.VALUE) for number in range(targets)]
    filling = [_Filling(page) for page in pages]
    for one in islice(dirty, most_keys):
        sides = _SIDES if one.side is None else _ONE_SIDE[one.side]
        page = filling[one.target].page_for(sides, pages)
        (page.both_sides if one.side is None else page.one_side[one.side]).append(one.key)
    return pages


class _Filling:
    """The pages of one target, and by side the first that has room: keys of both sides share pages, though they come one side first."""

    def __init__(self, first: Page) -> None:
        self._pages = [first]
        self._at = [0, 0]

    def page_for(self, sides: tuple[Side, ...], all_pages: list[Page]) -> Page:
        """One that has room on these sides; a new one is added to all pages."""
        at = self._at[sides[0]] if len(sides) == 1 else max(self._at)
        while at < len(self._pages) and not self._pages[at].has_room(sides):
            at += 1
        if at == len(self._pages):
            page = Page(len(all_pages), self._pages[0].target, ReadForm.VALUE)
            self._pages.append(page)
            all_pages.append(page)
        for side in sides:
            self._at[side] = at
        return self._pages[at]


def token_pages(keys: Iterator[tuple[bytes, int]], first_number: int) -> list[Page]:
    """Pages that compare keys by their tokens on both sides, for a pass."""
    pages: dict[int, Page] = {}
    made: list[Page] = []
    for key, target in keys:
        page = pages.get(target)
        if page is None or len(page.both_sides) >= PAGE_KEYS:
            page = pages[target] = Page(first_number + len(made), target, ReadForm.TOKEN)
            made.append(page)
        page.both_sides.append(key)
    return made
