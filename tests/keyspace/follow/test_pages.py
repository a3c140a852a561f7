"""Which keys one script call reads, and on which sides."""

from __future__ import annotations

from collections import Counter

from uplift.keyspace.follow.key_state import Side
from uplift.keyspace.follow.pages import PAGE_KEYS, Dirty, pages_of, token_pages
from uplift.keyspace.follow.reading import ReadForm


def dirty(count: int, target: int = 0, side: Side | None = Side.SOURCE, prefix: str = "k") -> list[Dirty]:
    return [Dirty(f"{prefix}{number}".encode(), target, side) for number in range(count)]


def test_every_target_has_a_page_at_its_own_number_so_that_every_server_gets_a_marker() -> None:
    for pages in (pages_of([], 3, 1_000), pages_of(dirty(1, target=2), 3, 1_000), pages_of(dirty(1), 3, 0)):
        assert [(page.number, page.target) for page in pages] == [(0, 0), (1, 1), (2, 2)]


def test_pages_stand_at_their_numbers() -> None:
    wanted = [*dirty(250, 0), *dirty(130, 1, Side.TARGET, "t"), *dirty(120, 0, None, "b")]
    pages = pages_of(wanted, 2, 10_000)
    assert [page.number for page in pages] == list(range(len(pages)))
    assert all(page.form is ReadForm.VALUE and page.most_keys <= PAGE_KEYS for page in pages)


def test_every_key_is_on_one_page_of_its_target_and_on_its_side() -> None:
    wanted = [*dirty(250, 0), *dirty(130, 1, Side.TARGET, "t"), *dirty(120, 0, None, "b")]
    found = []
    for page in pages_of(wanted, 2, 10_000):
        found += [Dirty(key, page.target, side) for side in Side for key in page.one_side[side]] + [
            Dirty(key, page.target, None) for key in page.both_sides
        ]
    assert Counter(found) == Counter(wanted)


def test_no_more_keys_than_asked_for_in_their_order() -> None:
    pages = pages_of(dirty(500), 1, 120)
    assert [key for page in pages for key in page.one_side[Side.SOURCE]] == [one.key for one in dirty(120)]


def test_a_side_alone_and_the_other_share_a_page() -> None:
    """A page costs each server one script: 100 keys of one side and 100 of the other are one page."""
    here, there = dirty(100), dirty(100, side=Side.TARGET, prefix="t")
    (page,) = pages_of([one for pair in zip(there, here, strict=True) for one in pair][:199], 1, 1_000)
    assert page.most_keys == 100
    assert (len(page.keys_read(Side.SOURCE)), len(page.keys_read(Side.TARGET))) == (99, 100)
    assert page.keys_read(Side.SOURCE) == page.one_side[Side.SOURCE]


def test_keys_of_both_sides_are_read_on_each() -> None:
    (page,) = pages_of([*dirty(3), *dirty(2, side=None, prefix="b")], 1, 1_000)
    assert page.keys_read(Side.TARGET) == [b"b0", b"b1"]
    assert page.keys_read(Side.SOURCE) == [b"k0", b"k1", b"k2", b"b0", b"b1"]
    assert page.most_keys == 5


def test_a_pass_compares_tokens_on_both_sides_on_pages_of_each_target() -> None:
    keys = [(f"k{number}".encode(), number % 2) for number in range(250)]
    pages = token_pages(iter(keys), 5)
    assert [page.number for page in pages] == [5, 6, 7, 8]
    assert all(page.form is ReadForm.TOKEN and len(page.both_sides) <= PAGE_KEYS and page.one_side == ([], []) for page in pages)
    assert sorted((key, page.target) for page in pages for key in page.both_sides) == sorted(keys)
    assert token_pages(iter([]), 5) == []
