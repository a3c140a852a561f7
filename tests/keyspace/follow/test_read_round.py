"""The script that reads, on real servers: its marker, what it says of a key, and the probe beside it."""

from __future__ import annotations

import random
import time

from tests.keyspace.everything import fill_every_encoding, fill_streams, read
from tests.keyspace.follow.scripted import LEASE, Scripted, now
from uplift.keyspace.follow.event_classes import classes_on, probe_request
from uplift.keyspace.follow.key_state import FOREVER, payload_token, string_token
from uplift.keyspace.follow.own_names import CANARY
from uplift.keyspace.follow.reading import ReadForm, read_reply_of
from uplift.keyspace.server.page_reader import ReadLimits
from uplift.keyspace.server.replies import Reply


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
