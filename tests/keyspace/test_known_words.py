"""A first word is shown where the key map writes it down or many keys share it; anybody's name is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplift.keyspace.inventory.inventory import Inventory, InventoryBuilder
from uplift.keyspace.keymap.file import load_keymap
from uplift.keyspace.keymap.key_label import KeyLabels
from uplift.keyspace.keymap.known_words import LEAST_KEYS_OF_A_SHARED_WORD, shared_words, shown, words_of
from uplift.keyspace.keymap.model import KeyMap
from uplift.keyspace.keymap.pattern import pattern_of
from uplift.keyspace.keymap.routing import build_router

_WORDS = words_of(load_keymap(Path("config/keyspace.yaml")))


@pytest.mark.parametrize("key", [b"johnsmith", b"john-smith", b"john_smith", b"a"])
def test_a_lone_word_is_never_shown_without_a_key_map(key: bytes) -> None:
    assert pattern_of(key) == "<word>"
    assert KeyLabels().label(key).startswith("<word> #")
    assert KeyLabels(words=_WORDS).label(key).startswith("<word> #")


@pytest.mark.parametrize(
    ("key", "without", "with_map"),
    [
        (b"vets-api-session:ZxY_0", "<word>:<text>", "vets-api-session:<text>"),
        (b"johnsmith:session", "<word>:<word>", "<word>:<word>"),
        (b"schedule", "<word>", "schedule"),
        (b"schedule:johnsmith", "<word>:<word>", "schedule:<word>"),
        (b"queue:sq|johnsmith", "<word>:<word>|<word>", "queue:<word>|<word>"),
        (b"rack::attack:1", "<word>::<word>:<number>", "rack::<word>:<number>"),
        (b"lmtr-johnsmith", "<word>", "<word>"),
        (b"lmtr-johnsmith:1", "<word>:<number>", "<word>:<number>"),
        (b"users_bjohnsmith:1", "<word>:<number>", "<word>:<number>"),
        (b"users_b:", "<word>:", "users_b:"),
        (b"John:1", "<text>:<number>", "<text>:<number>"),
        (b"\xff:1", "<text>:<number>", "<text>:<number>"),
        (b"", "", ""),
    ],
)
def test_labels(key: bytes, without: str, with_map: str) -> None:
    assert KeyLabels().label(key).rpartition(" #")[0] == without
    assert KeyLabels(words=_WORDS).label(key).rpartition(" #")[0] == with_map


def test_what_the_key_map_writes_down_is_shown_whatever_it_looks_like() -> None:
    rule = {"name": "r", "match": {"exact": ["Lock9"], "prefix": ["Session2:", "<x>:", "\n:"]}, "to": "a", "source": "s", "reason": "r"}
    words = words_of(KeyMap.model_validate({"version": 1, "destinations": ["a"], "rules": [rule]}))
    assert words == {"Lock9", "Session2"}
    labels = KeyLabels(words=words)
    assert labels.label(b"Session2:JohnSmith").startswith("Session2:<text> #")
    assert labels.label(b"Lock9").startswith("Lock9 #")
    assert labels.label(b"Lock99").startswith("<text> #")


@given(st.from_regex("[a-z]{3,12}", fullmatch=True), st.sampled_from(["", ":", ":1", "|x", "/a:b"]))
def test_no_word_is_shown_that_nobody_vouches_for(word: str, rest: str) -> None:
    shown_text = KeyLabels(words=_WORDS).label((word + rest).encode()).rpartition(" #")[0]
    assert word in _WORDS or not shown_text.startswith(word)


def test_enough_keys_with_something_behind_the_separator_share_a_word() -> None:
    least = LEAST_KEYS_OF_A_SHARED_WORD
    counts = [
        ("session:<text>", least - 1),
        ("session:<number>", 1),
        ("johnsmith:<word>", least - 1),
        ("cache:", least),
        ("<word>:<text>", least),
    ]
    words = shared_words(counts)
    assert words == {"session"}
    assert [shown(pattern, words) for pattern, _ in counts] == [
        "session:<text>",
        "session:<number>",
        "<word>:<word>",
        "<word>:",
        "<word>:<text>",
    ]


def _inventory(keys: list[bytes], *, with_map: bool) -> Inventory:
    router = build_router(load_keymap(Path("config/keyspace.yaml")), ("app-cache", "sidekiq")) if with_map else None
    found = Inventory("test", "bytes", has_keymap=with_map)
    builder = InventoryBuilder(found, router)
    for key in keys:
        builder.add(0, key, "string", -1, 10, 0)
    found.hide_rare_words(builder.words)
    return found


@pytest.mark.parametrize("with_map", [False, True])
def test_an_inventory_shows_words_that_many_keys_share_and_no_name(with_map: bool) -> None:
    many = [b"cart:%d" % number for number in range(30)]
    names = [b"johnsmith:session", b"janedoe:session", b"johnsmith", b"janedoe:"]
    known = [b"schedule", b"users_b:1"]
    found = _inventory([*many, *names, *known], with_map=with_map)
    by_pattern = {entry.pattern: entry for entry in found.patterns.values()}
    assert by_pattern["cart:<number>"].keys == 30
    merged = by_pattern["<word>:<word>"]
    assert (merged.keys, merged.sized, merged.bytes, merged.types, merged.keys_by_ttl[-1]) == (2, 2, 20, {"string": 2}, 2)
    assert found.keys == 36
    assert ("schedule" in by_pattern, "users_b:<number>" in by_pattern) == (with_map, with_map)
    assert KeyLabels(words=found.words).label(b"cart:9").startswith("cart:<number> #")
    assert not any(name in pattern for pattern in by_pattern for name in ("john", "jane"))
