"""What one side's stream says besides events: markers with their proof, raised leases, probes."""

from __future__ import annotations

import pytest

from tests.keyspace.follow.side_replies import OWNER, begin, end, event, fed, flat, marker, message, probe, side
from uplift.keyspace.follow.messages import Begin, Marker, Raised, marker_text
from uplift.keyspace.follow.own_names import CANARY, LEASE
from uplift.keyspace.server.replies import ErrorReply


def test_a_marker_is_proven_by_the_canary_right_before_it() -> None:
    proofs = {
        "right before": [event(b"expire", CANARY)],
        "another event between": [event(b"expire", CANARY), event(b"evicted", b"k")],
        "no event at all": [],
        "another event of it": [event(b"set", CANARY)],
        "another key's": [event(b"expire", b"k")],
        "in the round before": [event(b"expire", CANARY), message(marker_text(OWNER, 5, 1, b""))],
    }
    found = {}
    for name, before in proofs.items():
        events = fed(before) if before else fed()
        events.take([message(marker_text(OWNER, 6, 0, b""))])
        found[name] = events.markers[6, 0].is_proven
    assert found == {name: name == "right before" for name in proofs}


def test_a_canary_of_the_connection_before_proves_nothing() -> None:
    events = fed(event(b"expire", CANARY))
    events.begin_anew()
    events.take([message(marker_text(OWNER, 6, 0, b""))])
    assert not events.markers[6, 0].is_proven


def test_markers_are_told_in_order_and_by_page() -> None:
    events = fed(marker(6), marker(6, 1, told=b"told"), marker(7))
    assert [(at.marker.round, at.marker.page, at.is_proven) for at in events.marked][1:] == [(6, 0, True), (6, 1, True), (7, 0, True)]
    assert events.markers[6, 1].marker == Marker(OWNER, 6, 1, b"told")
    assert events.round == 7


def test_markers_of_a_dead_connection_say_nothing() -> None:
    """Its script ran late, in another engine's time."""
    events = fed(marker(20), marker(8), event(b"set", b"k"))
    assert events.round == 20
    assert (8, 0) not in events.markers
    touch = events.touches.before(b"k", 1 << 60)
    assert touch is not None
    assert touch.round == 20


def test_only_so_many_markers_are_kept() -> None:
    events = fed(*[marker(round_) for round_ in range(6, 5_000)])
    assert len(events.markers) <= 4_096
    assert (4_999, 0) in events.markers
    assert (6, 0) not in events.markers


def test_raises_are_told_of() -> None:
    events = fed(message(b"r 2:two missing"), message(b"r 3:three held"))
    assert list(events.raised) == [Raised(b"2:two", True), Raised(b"3:three", False)]
    assert events.raised_last == b"3:three"


@pytest.mark.parametrize(("name", "removed"), [(b"del", True), (b"expired", True), (b"evicted", True), (b"set", False), (b"expire", False)])
def test_a_lease_that_an_event_removed_was_not_flushed(name: bytes, removed: bool) -> None:
    assert fed(event(name, LEASE)).lease_was_removed is removed
    assert len(fed(event(name, LEASE)).touches) == 0


def test_a_class_without_its_event_is_silent_until_a_probe_hears_it() -> None:
    events = fed(marker(6), probe("$lshz"))
    assert (events.silent_classes, events.probed_round) == ("", 6)
    events.take([*marker(9), *probe("$sz")])
    assert (events.silent_classes, events.probed_round) == ("lh", 6), "the gap begins with the last probe that heard all"
    events.take([*marker(12), *probe("$sz")])
    assert (events.silent_classes, events.probed_round) == ("lh", 6)
    events.take([*marker(15), *probe("$lshz")])
    assert (events.silent_classes, events.probed_round) == ("", 15)


def test_deletions_and_lives_of_probes_prove_no_class() -> None:
    events = fed(probe(""))
    assert events.silent_classes == "$lshz"


def test_a_probe_that_a_full_server_refused_proves_nothing() -> None:
    """Neither that its class is on, so that the round stays that of the last one which did, nor that it is off."""
    events = fed(marker(6), probe("$lshz"))
    events.take([*marker(9), *probe("", written="")])
    assert (events.silent_classes, events.probed_round) == ("", 6)
    events.take([*marker(10), *probe("$", written="$")])
    assert (events.silent_classes, events.probed_round) == ("", 6)
    events.take([*marker(12), *probe("$lhz")])
    assert (events.silent_classes, events.probed_round) == ("s", 6)
    events.take([*marker(15), *probe("", written="")])
    assert (events.silent_classes, events.probed_round) == ("s", 6), "it was off, and nothing says that it is on again"


def test_probes_and_own_keys_are_no_touches() -> None:
    events = fed(probe("$lshz"), event(b"set", LEASE), event(b"del", CANARY))
    assert (len(events.touches), events.touched) == (0, 0)


def test_an_own_key_in_a_bracket_is_none_of_it() -> None:
    """A canary's event between begin and end is of no script of ours, and must not hold up anything."""
    events = fed(begin(6), event(b"evicted", LEASE), event(b"set", b"k"), end(6, b"k"))
    assert events.lease_was_removed
    assert len(events.touches) == 0


def test_confirmations_and_errors_among_the_replies_are_passed_over() -> None:
    events = side()
    events.take([[b"psubscribe", b"__keyevent@0__:*", 1], ErrorReply("ERR x"), *marker(5), event(b"set", b"k"), None, 5, b"PONG"])
    assert events.markers[5, 0].is_proven
    assert list(events.touches) == [b"k"]


def test_what_it_is_fed_in_pieces_or_at_once_makes_no_difference() -> None:
    replies = flat(
        (
            marker(5), event(b"set", b"a"), event(b"expire", b"a"), begin(6), event(b"set", b"b"), event(b"evicted", b"a"), end(6, b"b"),
            event(b"set", b"b"), marker(7), begin(7), event(b"set", b"c"), marker(8), probe("$l"), event(b"set", b"not followed:x"),
        )
    )  # fmt: skip
    at_once, one_by_one = side(), side()
    at_once.take(replies)
    for reply in replies:
        one_by_one.take([reply])
    for key in (b"a", b"b", b"c"):
        assert at_once.touches.before(key, 1 << 60) == one_by_one.touches.before(key, 1 << 60)
    for events in (at_once, one_by_one):
        assert events.position == len(replies)
    assert (at_once.touched, at_once.touched_by_itself, at_once.events) == (
        one_by_one.touched,
        one_by_one.touched_by_itself,
        one_by_one.events,
    )
    assert at_once.silent_classes == one_by_one.silent_classes == "shz"
    assert isinstance(at_once.ends[0].end.ended, tuple)
    assert Begin(OWNER, 6, 0) != Begin(OWNER, 7, 0)
