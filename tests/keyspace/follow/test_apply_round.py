"""The script that writes, on real servers: what it does to a key, or does not."""

from __future__ import annotations

import pytest

from tests.keyspace.everything import read
from tests.keyspace.follow.scripted import LEASE, Scripted, change, now
from uplift.keyspace.follow.applying import Applied, ApplyReply, Change, Write
from uplift.keyspace.follow.key_state import ABSENT, FOREVER, payload_token, string_token
from uplift.keyspace.follow.lease import Lease
from uplift.keyspace.follow.messages import token_as_text
from uplift.keyspace.server.page_reader import ReadLimits


def test_another_lease_publishes_nothing_and_reads_nothing(scripted: Scripted) -> None:
    scripted.client.set("k", "v")
    scripted.heard()
    before = scripted.followed.events.round
    for mine in (Lease(3, "two"), Lease(4, "one"), Lease(2, "one")):
        found = scripted.read(b"k", lease=mine)
        assert (found.lease, found.states, found.listeners) == (LEASE.text, {}, 0)
        assert scripted.apply(change(b"k", Write.STRING, b"theirs"), lease=mine).fenced == LEASE.text
    scripted.client.delete("uplift:follow:lease")
    assert scripted.read(b"k").lease is None
    assert scripted.apply(change(b"k", Write.STRING, b"theirs")).fenced == b""
    scripted.heard()
    assert scripted.followed.events.round == before
    assert not scripted.followed.events.markers
    assert not scripted.followed.events.ends
    assert scripted.client.get("k") == b"v"


@pytest.mark.parametrize("absolute", [False, True])
@pytest.mark.parametrize("life_in", [None, 600_000])
def test_each_write_does_what_it_says_between_begin_and_end(scripted: Scripted, absolute: bool, life_in: int | None) -> None:
    if absolute and not scripted.followed.has_absolute_ttl:
        pytest.skip("RESTORE takes a moment since 5.0")
    client = scripted.client
    life = FOREVER if life_in is None else now() + life_in
    client.rpush("source", "a", "b")
    payload = client.dump("source")
    client.set("string", "old", px=5_000)
    client.set("payload", "old", px=5_000)
    client.set("renamed", "old", px=5_000)
    client.rpush("temporary", "built")
    client.set("deleted", "old")
    client.set("lived", "same", px=5_000)
    client.set("kept", "same", px=500_000)
    scripted.heard()
    before = scripted.followed.events.touched
    answer = scripted.apply(
        change(b"string", Write.STRING, b"new \x00 value", life=life),
        change(b"payload", Write.PAYLOAD, payload, life=life),
        change(b"renamed", Write.RENAME, b"temporary", life=life),
        change(b"deleted", Write.DELETE),
        change(b"lived", Write.LIFE, life=life),
        change(b"kept", Write.NOTHING),
        change(b"never there", Write.DELETE),
        absolute=absolute,
    )
    assert answer == ApplyReply(None, (Applied.DONE,) * 7, {})
    assert client.get("string") == b"new \x00 value"
    assert client.lrange("payload", 0, -1) == [b"a", b"b"]
    assert client.lrange("renamed", 0, -1) == [b"built"]
    assert client.get("lived") == b"same"
    assert (client.exists("deleted"), client.exists("temporary")) == (0, 0)
    for name in (b"string", b"payload", b"renamed", b"lived"):
        state = scripted.state(name)
        assert state is not None
        assert state.life == FOREVER if life_in is None else abs(state.life - life) <= 20, name
    kept = scripted.state(b"kept")
    assert kept is not None
    assert kept.life > now()
    # What was there in place of a big value goes aside, to be drained.
    assert client.get("temporary:old") == b"old"
    assert client.pttl("temporary:old") > 0
    events = scripted.heard().followed.events
    (ended,) = events.ends
    assert [one.name for one in ended.end.ended] == [b"string", b"payload", b"renamed", b"deleted", b"lived", b"kept", b"never there"]
    tokens = {one.name: one.written_token for one in ended.end.ended}
    payload_state = scripted.state(b"payload")
    assert payload_state is not None
    assert tokens[b"string"] == string_token(b"new \x00 value")
    assert tokens[b"payload"] == payload_state.token
    assert (tokens[b"renamed"], tokens[b"deleted"]) == (b"B", ABSENT)
    # Only what is neither of these keys: the temporary name, and the one that was put aside.
    assert events.touched - before <= 3
    assert set(events.touches) & {b"string", b"payload", b"deleted", b"lived"} <= {b"string", b"payload", b"deleted", b"lived", b"kept"}


def test_what_is_not_as_it_was_read_is_not_touched(scripted: Scripted) -> None:
    client = scripted.client
    life = now() + 600_000
    client.set("k", "now")
    client.pexpireat("k", life)
    client.rpush("list", "a")
    mine = {"write": Write.STRING, "value": b"new"}
    here, other = token_as_text(string_token(b"now")), token_as_text(string_token(b"then"))
    in_the_list = token_as_text(payload_token(client.dump("list")))

    def letters(*changes: Change) -> str:
        return "".join(scripted.apply(*changes).letters)

    assert letters(change(b"k", **mine, expected=other, expected_life=life)) == "c"  # type: ignore[arg-type]
    assert letters(change(b"k", **mine, expected=b"", expected_life=FOREVER)) == "c"  # type: ignore[arg-type]
    assert letters(change(b"k", **mine, expected=here, expected_life=FOREVER)) == "c"  # type: ignore[arg-type]
    assert letters(change(b"k", **mine, expected=here, expected_life=life + 100)) == "c"  # type: ignore[arg-type]
    assert letters(change(b"k", **mine, expected=here, expected_life=life - 100)) == "c"  # type: ignore[arg-type]
    assert letters(change(b"none", **mine, expected=here, expected_life=life)) == "c"  # type: ignore[arg-type]
    assert letters(change(b"list", **mine, expected=here, expected_life=FOREVER)) == "c"  # type: ignore[arg-type]
    assert (client.get("k"), client.exists("none"), client.lrange("list", 0, -1)) == (b"now", 0, [b"a"])
    # As far as lives can be read.
    assert letters(change(b"k", **mine, life=life, expected=here, expected_life=life + 10)) == "o"  # type: ignore[arg-type]
    assert letters(change(b"list", **mine, expected=in_the_list, expected_life=FOREVER)) == "o"  # type: ignore[arg-type]
    assert letters(change(b"none", **mine, expected=b"", expected_life=FOREVER)) == "o"  # type: ignore[arg-type]
    assert (client.get("k"), client.get("none"), client.get("list")) == (b"new", b"new", b"new")


def test_an_end_names_what_was_written_alone(scripted: Scripted) -> None:
    scripted.client.set("changed", "v")
    scripted.apply(change(b"changed", Write.STRING, b"x", expected=b""), change(b"written", Write.STRING, b"x", expected=b""))
    (ended,) = scripted.heard().followed.events.ends
    assert ended.end.letters == b"co"
    assert [one.key for one in ended.end.ended] == [b"written"]


def test_what_is_too_big_to_be_compared_is_said_and_left(scripted: Scripted) -> None:
    scripted.client.set("string", "x" * 70_000)
    scripted.client.rpush("list", *range(600))
    expected = token_as_text(string_token(b"x"))
    answer = scripted.apply(
        change(b"string", Write.STRING, b"n", expected=expected), change(b"list", Write.STRING, b"n", expected=expected)
    )
    assert answer.letters == (Applied.TOO_BIG, Applied.TOO_BIG)
    assert (scripted.client.strlen("string"), scripted.client.llen("list")) == (70_000, 600)
    assert scripted.apply(change(b"list", Write.STRING, b"n")).letters == (Applied.DONE,), "where anything may be there it need not be read"


@pytest.mark.parametrize("write", [Write.STRING, Write.PAYLOAD, Write.LIFE, Write.RENAME])
def test_a_life_that_is_over_deletes(scripted: Scripted, write: Write) -> None:
    client = scripted.client
    client.rpush("source", "a")
    client.set("k", "v")
    client.set("built", "v")
    value = {Write.STRING: b"v", Write.PAYLOAD: client.dump("source"), Write.LIFE: b"", Write.RENAME: b"built"}[write]
    assert scripted.apply(change(b"k", write, value, life=now() - 5)).letters == (Applied.DONE,)
    assert client.exists("k") == 0
    (ended,) = scripted.heard().followed.events.ends
    assert ended.end.ended[0].written_token == ABSENT


def test_a_full_server_refuses_and_nothing_is_half_written(scripted: Scripted) -> None:
    client = scripted.client
    client.rpush("long list", *[b"y" * 100] * 100)
    client.hset("large hash", "f", "y" * 5_000)
    payloads = {b"list": client.dump("long list"), b"hash": client.dump("large hash")}
    client.set("string", "old", px=500_000)
    client.rpush("list", "old")
    client.hset("hash", "old", "old")
    before = [read(client, name) for name in (b"string", b"list", b"hash")]
    scripted.heard()
    scripted.server.set_config("maxmemory-policy", "noeviction")
    scripted.server.set_config("maxmemory", "1000")
    answer = scripted.apply(
        change(b"string", Write.STRING, b"x" * 100_000),
        change(b"list", Write.PAYLOAD, payloads[b"list"]),
        change(b"hash", Write.PAYLOAD, payloads[b"hash"]),
        change(b"new", Write.STRING, b"x"),
    )
    scripted.server.set_config("maxmemory", "0")
    assert answer.letters == (Applied.REFUSED,) * 4
    assert set(answer.reasons) == {b"string", b"list", b"hash", b"new"}
    assert all("OOM" in reason for reason in answer.reasons.values())
    for name, was in zip((b"string", b"list", b"hash"), before, strict=True):
        found = read(client, name)
        assert found is not None
        assert was is not None
        assert found[:2] == was[:2]
    assert client.exists("new") == 0
    events = scripted.heard().followed.events
    (ended,) = events.ends
    assert (ended.end.letters, ended.end.ended) == (b"eeee", ()), "the end comes, and settles nothing"
    assert len(events.touches) == 0 or set(events.touches) <= {b"string", b"list", b"hash", b"long list", b"large hash"}


def test_a_payload_that_is_none_is_refused_and_what_was_there_stays(scripted: Scripted) -> None:
    scripted.client.rpush("k", "old")
    answer = scripted.apply(change(b"k", Write.PAYLOAD, b"no payload at all"), change(b"gone", Write.RENAME, b"never built"))
    assert answer.letters == (Applied.REFUSED, Applied.REFUSED)
    assert answer.reasons[b"gone"].startswith("MISSING")
    assert scripted.client.lrange("k", 0, -1) == [b"old"]
    assert scripted.client.exists("gone") == 0


def test_what_a_page_brought_has_a_token_of_its_own_however_big_it_looks_here(scripted: Scripted) -> None:
    """The other side's DUMP has another order, so its token is none of this side."""
    client = scripted.client
    client.sadd("source", *[f"element {number}" for number in range(300)])
    payload = client.dump("source")
    scripted.heard()
    scripted.apply(change(b"k", Write.PAYLOAD, payload), limits=ReadLimits(value_elements=10))
    ended = scripted.heard().followed.events.ends[-1].end.ended[0]
    assert ended.written_token == payload_token(client.dump("k"))
