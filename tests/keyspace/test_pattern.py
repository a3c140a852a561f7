import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplift.keyspace.keymap.pattern import pattern_of


@pytest.mark.parametrize(
    ("key", "pattern"),
    [
        (b"vets-api-session:ZxY_0-9abcdefghijklmnopqrstuvwxyzABCDEFG", "vets-api-session:<text>"),
        (b"users_b:0d3b2a10-1111-2222-3333-444455556666", "users_b:<uuid>"),
        (b"queue:default", "queue:<word>"),
        (b"stat:processed:2020-04-20", "stat:<word>:<date>"),
        (b"rack::attack:26455680:feedback/ip:10.1.2.3", "rack::<word>:<number>\u2026"),
        (b"schedule", "<word>"),
        (b"b-a8Sf3", "<text>"),
        (b"ZxY0abcdefghijklmnopqrstuvwxyzABCDEFG", "<text>"),
        (b"john.doe@va.gov", "<email>"),
        (b"host-1:123:0123456789ab", "<text>:<number>:<hex>"),
        (b"\xff\x00:1", "<text>:<number>"),
        (b"users_b:", "users_b:"),
        (b"z" * 41 + b":1", "<word>:<number>"),
        (b"", ""),
    ],
)
def test_patterns_of_vets_api(key: bytes, pattern: str) -> None:
    assert pattern_of(key) == pattern


@given(st.binary(max_size=60))
def test_what_follows_the_first_segment_never_shows(tail: bytes) -> None:
    secret = b"Secret" + tail + b"Token9"
    assert "Secret" not in pattern_of(b"vets-api-session:" + secret)
    assert "Token9" not in pattern_of(b"vets-api-session:" + secret)


@given(st.text(st.characters(categories=["Lu"]), min_size=1), st.integers(0, 10**9))
def test_a_bare_token_never_shows(letters: str, number: int) -> None:
    key = f"{letters}{number}".encode()
    assert letters not in pattern_of(key)
