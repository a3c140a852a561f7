"""URLs of servers: what is refused, in one line, and never with a piece of what may be a password."""

from __future__ import annotations

import hypothesis
import pytest
from hypothesis import strategies as st

from uplift.errors import BadInput
from uplift.keyspace.server.endpoint import parse_redis_url

# Letters that no message of ours has in this order, so that a piece of four of them can only come from the secret.
_SECRETS = st.text(alphabet="QXZJKW", min_size=4, max_size=8)
_BREAKS = st.sampled_from(["", "/", "?", "#", "@", ":", "%", "//", "?x=", "&", "=", ";", " ", "[", "]", "\n", "é", "%2", "..", "\\"])
_FRAMES = st.sampled_from(
    [
        "redis://:{}@host", "redis://{}:pw@host", "redis://{}@host", "rediss://u:{}@host:6379/0", "redis://:{}@host/0?insecure=true",
        "redis://:{}@host:port", "redis://:{}@", "{}://u:p@host", ":{}@host", "u:{}@host/3", "redis:{}@host", "redis:/{}@host",
        "rediss://:{}@host?ca=nowhere", "rediss://:{}@host?insecure=maybe", "redis://:{}@a..b", "redis://:{}@host/database",
        "redis://host?password_env={}@h", "{}://h", "redis://:{}@host?password_env=x y",
    ]
)  # fmt: skip


@hypothesis.given(st.lists(st.tuples(_SECRETS, _BREAKS), min_size=1, max_size=4), _FRAMES)
def test_no_message_repeats_a_piece_of_a_password(pieces: list[tuple[str, str]], frame: str) -> None:
    secret = "".join(text + cut for text, cut in pieces)
    try:
        # What can be reached is named by its host and port in messages.
        message = str(parse_redis_url(frame.format(secret), "--from").endpoint).upper()
    except BadInput as problem:
        message = str(problem).upper()
    assert "\n" not in message
    assert not any(text[start : start + 4] in message for text, _ in pieces for start in range(len(text) - 3)), message


def test_a_password_that_is_cut_is_explained() -> None:
    with pytest.raises(BadInput, match=r"--from: no host or no port .*; in a user name or password / \? # @ : and % are percent-encoded"):
        parse_redis_url("redis://:SecretPart1/rest@h", "--from")
    assert parse_redis_url("redis://:SecretPart1%2Frest@h", "--from").endpoint.password == "SecretPart1/rest"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("redis://foo..bar", "host 'foo..bar' is no name, allowed: a host name"),
        ("redis://a..b:6379/1", "host 'a..b' is no name"),
        (f"redis://{'a' * 70}", "host 'aaaaaaaa"),
        (f"redis://{'a.' * 150}com", "host 'a.a.a"),
        ("redis://.foo", "host '.foo' is no name"),
        ("rediss://h?server_name=.foo", "server_name '.foo' is no name"),
        ("rediss://h?server_name=", "server_name '' is no name"),
        ("rediss://h?server_name=a%00b", r"server_name 'a\\x00b' is no name"),
        ("rediss://h?ca=a%00b", "ca="),
        ("redis://h:0", "port 0"),
        ("redis://h:99999", "no port from 1 to 65535"),
        ("redis://[::1", "no host or no port"),
        ("redis://h/٣", "database '٣', allowed: a number from 0"),
        ("redis://h/" + "9" * 5000, "database '9999"),
    ],
)
def test_what_no_server_can_be_is_one_line(url: str, message: str) -> None:
    with pytest.raises(BadInput, match=message) as raised:
        parse_redis_url(url, "--from")
    assert len(str(raised.value)) < 300


@pytest.mark.parametrize(
    "url", ["redis://localhost", "redis://10.0.0.1:6380/2", "redis://[::1]:6379", "rediss://münchen.example", "redis://h/"]
)
def test_what_is_allowed(url: str) -> None:
    assert parse_redis_url(url, "--from").endpoint.port in {6379, 6380}
