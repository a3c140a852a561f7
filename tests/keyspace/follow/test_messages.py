"""What engines say on a channel: every message there and back, whatever bytes keys are made of, and what is none of ours."""

from __future__ import annotations

import random
from struct import pack

import pytest

from uplift.keyspace.follow.key_state import ABSENT, FOREVER, payload_token, string_token
from uplift.keyspace.follow.messages import (
    Begin,
    End,
    Ended,
    Marker,
    Probed,
    Raised,
    begin_text,
    end_head,
    marker_text,
    message_of,
    note_of,
    token_as_text,
    token_from_text,
)

OWNER = b"12:engine-1"
KEYS = [
    b"session:1",
    b"with spaces  in it ",
    b" ",
    b"",
    b"\r\n$3\r\n",
    b"\x00\xff\x00",
    bytes(range(256)),
    b"e 1:x 3 0 o ",
    b"\n",
    b"long" * 5_000,
]
STRING, DUMP = string_token(b"value"), payload_token(b"\x00payload of at least eleven bytes")


def entry(key: bytes, root: bytes, winner: bytes, written: bytes, life: int) -> bytes:
    """As lua/apply_round.lua packs one."""
    note, token = note_of(root + key, len(root), winner, life), token_as_text(written) if written else b""
    return pack(">BI", len(token), len(note)) + token + note


def end_text(letters: bytes, *entries: bytes) -> bytes:
    return end_head(OWNER, 7, 2) + letters + b" " + b"".join(entries)


@pytest.mark.parametrize("told", [b"", b"{}", b'{"oldest":1}\nbinary \x00 and spaces', b" ", b"\n"])
def test_a_marker_comes_back_with_everything_it_tells(told: bytes) -> None:
    assert message_of(marker_text(OWNER, 123_456_789_012, 99, told)) == Marker(OWNER, 123_456_789_012, 99, told)


def test_a_begin_comes_back() -> None:
    assert message_of(begin_text(OWNER, 7, 2)) == Begin(OWNER, 7, 2)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("root", [b"", b"app cache:"])
def test_an_end_comes_back_with_keys_of_any_bytes(key: bytes, root: bytes) -> None:
    found = message_of(end_text(b"o", entry(key, root, DUMP, STRING, 1_900_000_000_000)))
    assert found == End(OWNER, 7, 2, b"o", (Ended(key, root + key, DUMP, STRING, 1_900_000_000_000),))


def test_an_end_of_many_keys_comes_back() -> None:
    draws = random.Random(5)
    wanted = []
    for _ in range(100):
        root = draws.choice([b"", b"root:"])
        key = draws.choice(KEYS) + draws.randbytes(3)
        winner, written = draws.choice([ABSENT, STRING, DUMP]), draws.choice([ABSENT, STRING, DUMP, b"B"])
        wanted.append(Ended(key, root + key, winner, written, draws.choice([FOREVER, 0, 1_900_000_000_000])))
    entries = [entry(one.key, one.name[: len(one.name) - len(one.key)], one.winner_token, one.written_token, one.life) for one in wanted]
    assert message_of(end_text(b"o" * 100, *entries)) == End(OWNER, 7, 2, b"o" * 100, tuple(wanted))


def test_an_end_that_wrote_nothing_settles_nothing() -> None:
    assert message_of(end_text(b"ceb")) == End(OWNER, 7, 2, b"ceb", ())


def test_an_end_cut_off_anywhere_is_no_end() -> None:
    """A name that lost its last bytes would be the name of another key."""
    whole = end_text(b"oo", entry(b"key number one", b"", DUMP, STRING, 5), entry(b"key", b"root:", STRING, STRING, FOREVER))
    first = len(end_text(b"oo", entry(b"key number one", b"", DUMP, STRING, 5)))
    heads = {len(end_text(b"oo")), len(end_text(b"oo")) - 1, first}
    for length in range(len(end_head(OWNER, 7, 2)) + 2, len(whole)):
        found = message_of(whole[:length])
        assert (found is None) == (length not in heads), length


@pytest.mark.parametrize(("word", "was_missing"), [(b"missing", True), (b"held", False)])
def test_a_raise_comes_back(word: bytes, was_missing: bool) -> None:
    assert message_of(b"r %b %b" % (OWNER, word)) == Raised(OWNER, was_missing)


@pytest.mark.parametrize("classes", ["", "$lshz", "$"])
def test_a_probe_comes_back(classes: str) -> None:
    assert message_of(b"p %b $lshz %b" % (OWNER, classes.encode())) == Probed(OWNER, "$lshz", classes)


@pytest.mark.parametrize(
    "text",
    [b"", b" ", b"m", b"hello", b"m a b", b"m a one 0 ", b"m a 1 zero ", b"m a 1 0", b"b a 1", b"b a 1 2 3", b"e a 1 2", b"r a", b"r a held now", b"p a",
     b"x a 1 2 3", b"\x00\xff\xfe", b"{}", b"e a 1 2 o \x11\x00\x00\x00\x05S"],
)  # fmt: skip
def test_a_strangers_message_is_none_of_ours(text: bytes) -> None:
    assert message_of(text) is None


def test_no_message_of_any_bytes_raises() -> None:
    draws = random.Random(11)
    texts = [
        marker_text(OWNER, 7, 2, b"told"),
        begin_text(OWNER, 7, 2),
        end_text(b"o", entry(b"key", b"", DUMP, STRING, 5)),
        b"r 1:a held",
        b"p 1:a $l",
    ]
    for _ in range(5_000):
        text = bytearray(draws.choice(texts))
        for _ in range(draws.randint(1, 3)):
            text[draws.randrange(len(text))] = draws.randrange(256)
        message_of(bytes(text))


@pytest.mark.parametrize("token", [ABSENT, b"B", STRING, DUMP])
def test_a_token_is_the_same_there_and_back(token: bytes) -> None:
    assert token_from_text(token_as_text(token)) == token
