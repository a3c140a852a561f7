"""Tokens and lives of one key."""

from __future__ import annotations

import hashlib

import pytest

from uplift.keyspace.follow.key_state import (
    ABSENT,
    EVICTED_TOKEN,
    FOREVER,
    LIVES_DIFFER_MILLISECONDS,
    TOKEN_BYTES,
    Side,
    State,
    is_over,
    payload_token,
    same_life,
    string_token,
)


def test_each_side_is_the_others_other() -> None:
    assert [side.other for side in Side] == [Side.TARGET, Side.SOURCE]


@pytest.mark.parametrize("value", [b"", b"value", bytes(range(256)), b"x" * 100_000])
def test_a_token_is_what_scripts_make_of_a_value(value: bytes) -> None:
    assert string_token(value) == b"S" + hashlib.sha1(value, usedforsecurity=False).digest()[:8]
    assert payload_token(value + b"10 bytes..") == b"D" + hashlib.sha1(value, usedforsecurity=False).digest()[:8]


def test_a_payloads_version_and_checksum_are_not_part_of_it() -> None:
    assert payload_token(b"value" + b"\x07\x00checksum") == payload_token(b"value" + b"\x09\x00CHECKSUM")
    assert payload_token(b"value" + bytes(10)) != payload_token(b"valuE" + bytes(10))


def test_tokens_of_different_things_differ() -> None:
    tokens = {ABSENT, EVICTED_TOKEN, string_token(b""), payload_token(bytes(10)), string_token(b"a"), payload_token(b"a" + bytes(10))}
    assert len(tokens) == 6
    assert all(len(token) in {0, TOKEN_BYTES} for token in tokens)


def test_a_string_is_told_by_its_token() -> None:
    assert State(string_token(b"v"), FOREVER).is_string
    assert not State(payload_token(bytes(11)), FOREVER).is_string
    assert not State(b"", FOREVER, None, b"string", 100_000).is_string, "too big for a page"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (FOREVER, FOREVER, True),
        (FOREVER, 0, False),
        (FOREVER, 10, False),
        (1_000, 1_000, True),
        (1_000, 1_000 + LIVES_DIFFER_MILLISECONDS, True),
        (1_000, 1_001 + LIVES_DIFFER_MILLISECONDS, False),
    ],
)
def test_lives_are_the_same_within_what_can_be_read(one: int, other: int, same: bool) -> None:
    assert same_life(one, other) is same
    assert same_life(other, one) is same


@pytest.mark.parametrize(
    ("life", "over"),
    [(FOREVER, False), (0, True), (999, True), (1_000 + LIVES_DIFFER_MILLISECONDS, True), (1_001 + LIVES_DIFFER_MILLISECONDS, False)],
)
def test_a_life_is_over_by_the_clock_of_who_holds_it(life: int, over: bool) -> None:
    assert is_over(life, 1_000) is over
