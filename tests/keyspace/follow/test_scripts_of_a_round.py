"""The two scripts of a round on real servers: what a reading says of a key, and what an apply does to it, or does not."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.conftest import StartRedis
from tests.keyspace.everything import endpoint, fill_every_encoding, fill_streams, read
from uplift.keyspace.follow.applying import ANYTHING, Applied, ApplyReply, Change, Write, apply_reply_of, apply_request
from uplift.keyspace.follow.event_classes import classes_on, probe_request
from uplift.keyspace.follow.followed_server import FollowedServer
from uplift.keyspace.follow.key_state import ABSENT, FOREVER, Side, State, payload_token, string_token
from uplift.keyspace.follow.lease import Lease, raise_lease
from uplift.keyspace.follow.messages import marker_text, token_as_text
from uplift.keyspace.follow.own_names import CANARY
from uplift.keyspace.follow.reading import ReadForm, ReadReply, read_reply_of, read_request
from uplift.keyspace.server.page_reader import ReadLimits
from uplift.keyspace.server.replies import Reply

VERSIONS = ["3.2.6", "5.0.6", "8.2.3", "valkey-9.1.2"]
LEASE = Lease(3, "one")
LIMITS = ReadLimits()


@dataclass
class Scripted:
    """One server, its scripts loaded, the lease ours, and what its channel and events said."""

    server: RedisServer
    followed: FollowedServer

    @property
    def client(self) -> Any:
        return self.server.client

    def read(self, *names: bytes, form: ReadForm = ReadForm.VALUE, limits: ReadLimits = LIMITS, lease: Lease = LEASE) -> ReadReply:
        request = read_request(list(names), marker_text(lease.text, 1, 0, b""), lease.text, 0, form, limits)
        return read_reply_of(self.followed.connection.call_packed(request), form)

    def apply(self, *changes: Change, lease: Lease = LEASE, absolute: bool | None = None, limits: ReadLimits = LIMITS) -> ApplyReply:
        absolute = self.followed.has_absolute_ttl if absolute is None else absolute
        request = apply_request(list(changes), lease, 0, 1, 0, limits, has_absolute_ttl=absolute)
        return apply_reply_of(self.followed.connection.call_packed(request), list(changes))

    def heard(self, most: int = 200) -> Scripted:
        """Until everything that was published before now arrived."""
        self.client.publish("uplift:follow:0", b"b last 0 0")
        for _ in range(most):
            self.followed.drain(0)
            if self.followed.events._begun is not None and self.followed.events._begun.owner == b"last":
                return self
            time.sleep(0.005)
        raise AssertionError("the subscription says nothing")

    def state(self, name: bytes) -> State | None:
        return self.read(name).states[name]


@pytest.fixture(params=VERSIONS)
def scripted(start_redis: StartRedis, request: pytest.FixtureRequest) -> Iterator[Scripted]:
    server = start_redis(request.param)
    server.set_config("notify-keyspace-events", "EA")
    followed = FollowedServer(Side.TARGET, "target", endpoint(server), 0, lambda name: name)
    raise_lease(followed.connection, 0, LEASE)
    server.client.set(CANARY, "")
    yield Scripted(server, followed)
    followed.close()


def change(
    name: bytes, write: Write, value: bytes = b"", *, life: int = FOREVER, expected: bytes = ANYTHING, expected_life: int = FOREVER
) -> Change:
    winner = string_token(value) if write is Write.STRING else payload_token(value) if write is Write.PAYLOAD else ABSENT
    return Change(name, name, expected, expected_life, write, value, life, winner)


def now() -> int:
    return int(time.time() * 1000)


def test_a_reading_says_of_every_encoding_what_writes_it_and_when_it_ends(scripted: Scripted) -> None:
    fill_every_encoding(scripted.client, random.Random(3))
    if scripted.server.version != "3.2.6":
        fill_streams(scripted.client)
    names = sorted(name for name in scripted.client.scan_iter(count=1_000) if not name.startswith(b"uplift:"))
    limits = ReadLimits(page_bytes=1 << 30)
    values, tokens = scripted.read(*names, limits=limits), scripted.read(*names, form=ReadForm.TOKEN, limits=limits)
    assert values.has_canary
    assert values.lease == LEASE.text
    assert values.listeners == 1
    assert abs(values.clock - now()) < 5_000
    for name in names:
        state, token = values.states[name], tokens.states[name]
        assert state is not None
        assert token is not None
        expires = scripted.client.pttl(name)
        assert (state.life == FOREVER) == (expires == -1)
        assert abs(state.life - token.life) <= 20
        if b"big" in name:
            assert (state.token, state.value, state.size > 512) == (b"", None, True), name
            assert state.kind == scripted.client.type(name)
        elif scripted.client.type(name) == b"string":
            assert (state.value, state.token) == (scripted.client.get(name), string_token(state.value or b""))
            assert state.is_string
        else:
            assert state.token == payload_token(state.value or b"")
            scripted.client.restore(b"copy", 0, state.value, replace=True)
            assert read(scripted.client, b"copy") == (*(read(scripted.client, name) or ())[:2], None)
        # A table that is being rehashed has another order at every DUMP.
        assert token.token == state.token or b"table" in name, name


def test_a_key_that_is_gone_or_over_is_absent(scripted: Scripted) -> None:
    scripted.client.set("over", "v", px=1)
    scripted.client.set("there", "v")
    time.sleep(0.005)
    found = scripted.read(b"over", b"never", b"there")
    assert (found.states[b"over"], found.states[b"never"]) == (None, None)
    assert found.states[b"there"] is not None


def test_pttl_zero_is_over_and_minus_two_beside_a_value_too() -> None:
    """What a server can answer where the last millisecond passes within the script; never immortal."""
    answer: list[Reply] = [1, 1, b"1:a", b"5", b"0", b"a", 0, 1, b"v", b"b", -2, 1, b"v", b"c", -1, 1, b"v", b"d", 7, 1, b"v"]
    states = read_reply_of(answer, ReadForm.VALUE).states
    assert (states[b"a"], states[b"b"]) == (None, None)
    kept = states[b"c"], states[b"d"]
    assert [state.life for state in kept if state is not None] == [FOREVER, 5_007]


def test_what_a_call_has_no_room_for_comes_later_and_the_first_always_comes(scripted: Scripted) -> None:
    names = [b"k%d" % number for number in range(5)]
    for name in names:
        scripted.client.set(name, "x" * 1_000)
    scripted.client.rpush("list", *["x" * 100] * 50)
    for form in ReadForm:
        found = scripted.read(*names, b"list", b"none", form=form, limits=ReadLimits(page_bytes=2_500))
        assert found.later == {b"k2", b"k3", b"k4", b"list"}
        assert found.states[b"none"] is None
        for name in (b"list", b"k0"):
            assert scripted.read(name, form=form, limits=ReadLimits(page_bytes=1)).later == frozenset(), "or it would never come"


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


def test_a_marker_right_behind_its_canary_comes_back(scripted: Scripted) -> None:
    scripted.read(b"k")
    events = scripted.heard().followed.events
    assert events.markers[1, 0].is_proven
    scripted.client.delete(CANARY)
    assert not scripted.read(b"k").has_canary


def test_a_probe_hears_every_class_also_of_a_full_server(scripted: Scripted) -> None:
    classes = classes_on(scripted.followed.facts)
    for maxmemory in ("0", "1000"):
        scripted.server.set_config("maxmemory-policy", "noeviction")
        scripted.server.set_config("maxmemory", maxmemory)
        assert scripted.followed.connection.call_packed(probe_request(0, LEASE.text, classes)) == classes.encode()
        scripted.server.set_config("maxmemory", "0")
        assert scripted.heard().followed.events.silent_classes == ""
    for letter in classes:
        scripted.server.set_config("notify-keyspace-events", "Egxe" + classes.replace(letter, ""))
        scripted.followed.connection.call_packed(probe_request(0, LEASE.text, classes))
        assert scripted.heard().followed.events.silent_classes == letter
