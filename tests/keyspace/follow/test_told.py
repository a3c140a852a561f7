"""What an engine tells one that stands by, there and back."""

from __future__ import annotations

import struct

import pytest

from uplift.keyspace.follow.decision import Policy
from uplift.keyspace.follow.evidence import Span
from uplift.keyspace.follow.gaps import Gaps, Reset, ResetKind
from uplift.keyspace.follow.key_state import ABSENT, EVICTED_TOKEN, FOREVER, Side, string_token
from uplift.keyspace.follow.messages import Marker, marker_text, message_of
from uplift.keyspace.follow.told import BaseUpdate, Told, ToldGaps, told_of

TOKEN = string_token(b"value")
KEPT = [
    BaseUpdate(b"session:1", TOKEN, TOKEN, 1_900_000_000_000, 7),
    BaseUpdate(b"with spaces\nand lines", TOKEN, EVICTED_TOKEN, FOREVER, 2**40),
    BaseUpdate(b"", ABSENT, ABSENT, FOREVER, 0),
    BaseUpdate(bytes(range(256)) * 10, TOKEN, ABSENT, 0, 8),
]


def gaps() -> Gaps:
    resets = [Reset(ResetKind.FAILOVER, 3, frozenset({b"secret:token"}), 9), Reset(ResetKind.FLUSH, 12, frozenset())]
    return Gaps(11, [Span(1, 4), Span(7, 9)], resets)


def told(oldest: int = 5) -> Told:
    return Told(oldest, Policy(True, Side.TARGET), 3, 2, (ToldGaps.of(gaps()), ToldGaps.of(Gaps())))


def test_everything_comes_back() -> None:
    assert told_of(told().text(KEPT)) == (told(), tuple(KEPT))
    assert told_of(told().text([])) == (told(), ())


def test_it_travels_in_a_marker() -> None:
    marker = message_of(marker_text(b"1:one", 9, 0, told().text(KEPT)))
    assert isinstance(marker, Marker)
    assert told_of(marker.told) == (told(), tuple(KEPT))


def test_gaps_and_resets_are_inherited_without_the_keys_they_touched() -> None:
    back, _ = told_of(told().text([]))
    first, second = (one.inherited() for one in back.gaps)
    assert (first.opened, first.spans) == (11, [Span(1, 4), Span(7, 9)])
    assert first.resets == [Reset(ResetKind.FAILOVER, 3, frozenset(), 9), Reset(ResetKind.FLUSH, 12, frozenset())]
    assert second.are_over
    assert b"secret" not in told().text([]), "names of keys hold session tokens, and are many"


def test_a_pass_that_never_was_is_none() -> None:
    back, _ = told_of(Told(0, Policy(False, Side.SOURCE), 0, None, ()).text([]))
    assert (back.complete_since, back.passes, back.policy) == (None, 0, Policy(False, Side.SOURCE))


@pytest.mark.parametrize("text", [b"", b"{}", b"[1]\n", b"hello", b'{"oldest": "five"}', b"\xff\n"])
def test_another_versions_words_are_refused(text: bytes) -> None:
    with pytest.raises(ValueError):
        told_of(text)


def test_keys_cut_off_anywhere_are_refused() -> None:
    """A key that lost its last bytes would be another key."""
    whole, head = told().text(KEPT[:1]), len(told().text([]))
    for length in range(head + 1, len(whole)):
        with pytest.raises((ValueError, struct.error)):
            told_of(whole[:length])
