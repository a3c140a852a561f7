"""What one side's events become: touches of their kinds, save those of our own writes between begin and end."""

from __future__ import annotations

import pytest

from tests.keyspace.follow.side_replies import OWNER, begin, end, event, fed, flat, kinds, marker, message, side
from uplift.keyspace.follow.evidence import TouchKind
from uplift.keyspace.follow.messages import marker_text
from uplift.keyspace.follow.own_names import CANARY
from uplift.keyspace.keymap.own_keys import TEMPORARY_PREFIX
from uplift.keyspace.server.replies import Reply


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (b"set", TouchKind.WRITTEN),
        (b"a command of a later version", TouchKind.WRITTEN),
        (b"rename_to", TouchKind.WRITTEN),
        (b"rename_from", TouchKind.REMOVED),
        (b"del", TouchKind.REMOVED),
        (b"expire", TouchKind.LIFE),
        (b"persist", TouchKind.LIFE),
        (b"expired", TouchKind.EXPIRED),
        (b"evicted", TouchKind.EVICTED),
    ],
)
def test_an_event_is_a_touch_of_its_kind(name: bytes, kind: TouchKind) -> None:
    events = fed(event(name, b"k \x00\xff"))
    assert kinds(events, b"k \x00\xff") == {kind}
    by_itself = kind in {TouchKind.EXPIRED, TouchKind.EVICTED}
    assert (events.touched, events.touched_by_itself, events.changed_by_somebody) == (1, int(by_itself), int(not by_itself))


def test_touches_stand_at_their_place_behind_the_marker_before_them() -> None:
    events = fed(event(b"set", b"a"), marker(6), event(b"set", b"b"), event(b"set", b"a"))
    first, second = events.touches.before(b"a", 4), events.touches.before(b"b", 1 << 60)
    assert first is not None
    assert second is not None
    assert (first.position, first.round) == (3, 5)
    assert (second.position, second.round) == (6, 6)
    assert events.touches.before(b"b", events.markers[6, 0].position) is None


def test_positions_are_above_those_of_other_sides_that_arrived_before() -> None:
    events = side()
    events.take([event(b"set", b"a")], 100)
    events.take([event(b"set", b"b")], 50)
    assert events.position == 102


@pytest.mark.parametrize("between", range(5))
def test_a_marker_is_proven_wherever_the_stream_is_cut_and_whatever_other_sides_tell_meanwhile(between: int) -> None:
    replies = flat(([event(b"set", b"a")], marker(5), [event(b"set", b"b")]))
    events = side()
    events.take(replies[:between], 10)
    events.take(replies[between:], 500)
    assert events.markers[5, 0].is_proven


@pytest.mark.parametrize("before", [(), (event(b"expire", CANARY), event(b"set", b"a")), (event(b"expire", CANARY), message(b"another"))])
def test_a_marker_without_the_canary_right_before_it_is_not_proven(before: tuple[list[Reply], ...]) -> None:
    whole, cut = side(), side()
    whole.take([*before, message(marker_text(OWNER, 5, 0, b""))])
    cut.take(list(before), 10)
    cut.take([message(marker_text(OWNER, 5, 0, b""))], 500)
    assert (whole.markers[5, 0].is_proven, cut.markers[5, 0].is_proven) == (False, False)


def test_keys_that_are_not_followed_are_no_touches() -> None:
    events = fed(event(b"set", b"not followed:k"), event(b"set", TEMPORARY_PREFIX + b"x"), event(b"set", b"uplift:follow:temporary:a:1"))
    assert (len(events.touches), events.touched) == (0, 0)


def test_several_targets_each_know_their_own_names() -> None:
    """A name with a root becomes the source's; without one it is nobody's."""
    cache = side(lambda name: name[6:] if name.startswith(b"cache:") else None)
    jobs = side(lambda name: name)
    for events in (cache, jobs):
        events.take([*marker(5), event(b"set", b"cache:k"), event(b"set", b"k")])
    assert list(cache.touches) == [b"k"]
    assert list(jobs.touches) == [b"cache:k", b"k"]
    cache.take([begin(6), event(b"set", b"cache:other"), end(6, b"cache:other", root=6)])
    assert list(cache.touches) == [b"k"], "brackets carry the name where it was written"
    assert cache.ends[0].end.ended[0].key == b"other"


def test_what_is_done_in_a_bracket_is_ours() -> None:
    events = fed(begin(6), event(b"set", b"k"), event(b"expire", b"k"), end(6, b"k"))
    assert (len(events.touches), events.touched) == (0, 0)
    assert [at.end.ended[0].key for at in events.ends] == [b"k"]
    assert (events.ends[0].position, events.ends[0].round) == (6, 5)


def test_a_key_that_is_touched_before_and_after_a_bracket_is_dirty() -> None:
    events = fed(event(b"set", b"k"), begin(6), event(b"set", b"k"), end(6, b"k"), event(b"del", b"k"))
    assert kinds(events, b"k") == {TouchKind.WRITTEN, TouchKind.REMOVED}


@pytest.mark.parametrize("name", [b"expired", b"evicted"])
def test_what_the_server_does_by_itself_in_a_bracket_is_not_ours(name: bytes) -> None:
    events = fed(begin(6), event(b"set", b"k"), event(name, b"k"), end(6, b"k"))
    assert len(kinds(events, b"k")) == 1
    assert events.touched_by_itself == 1


def test_what_happens_to_other_keys_in_a_bracket_is_not_ours() -> None:
    events = fed(begin(6), event(b"evicted", b"other"), event(b"set", b"k"), event(b"del", b"third"), end(6, b"k"))
    assert kinds(events, b"other") == {TouchKind.EVICTED}
    assert kinds(events, b"third") == {TouchKind.REMOVED}
    assert kinds(events, b"k") == set()


def test_a_key_of_the_page_that_was_not_written_keeps_its_events() -> None:
    """It was refused halfway, or changed: the end names only what was written."""
    events = fed(begin(6), event(b"set", b"written"), event(b"set", b"refused"), end(6, b"written"))
    assert list(events.touches) == [b"refused"]


@pytest.mark.parametrize(
    "behind",
    [
        message(marker_text(OWNER, 7, 0, b"")),
        begin(7),
        message(b"r 2:two held"),
        message(b"p 1:one $"),
        message(b"a stranger says this"),
        end(6, b"k", page=1),
        end(7, b"k"),
        end(6, b"k", owner=b"2:two"),
    ],
)
def test_a_begin_without_its_end_was_a_script_that_died(behind: list[Reply]) -> None:
    events = fed(begin(6), event(b"set", b"k"), event(b"evicted", b"other"))
    assert len(events.touches) == 0, "held until it is known"
    events.take([behind])
    assert kinds(events, b"k") == {TouchKind.WRITTEN}
    assert kinds(events, b"other") == {TouchKind.EVICTED}
    assert not events.ends, "and it settles nothing"


def test_held_events_keep_their_place() -> None:
    events = fed(begin(6), event(b"set", b"k"), marker(7), event(b"set", b"k"))
    first = events.touches.before(b"k", events.markers[7, 0].position)
    assert first is not None
    assert (first.position, first.round) == (4, 5)


def test_an_end_without_its_begin_settles_nothing() -> None:
    """The subscription began in the middle of a script."""
    events = fed(event(b"set", b"k"), end(6, b"k"), event(b"set", b"k"))
    assert kinds(events, b"k") == {TouchKind.WRITTEN}
    assert not events.ends


def test_a_second_end_is_nobodys() -> None:
    events = fed(begin(6), event(b"set", b"k"), end(6, b"k"), event(b"set", b"k"), end(6, b"k"))
    assert kinds(events, b"k") == {TouchKind.WRITTEN}
    assert len(events.ends) == 1


def test_a_bracket_may_come_in_pieces() -> None:
    events = fed(begin(6))
    for reply in (event(b"set", b"k"), event(b"evicted", b"other"), end(6, b"k")):
        events.take([reply])
    assert list(events.touches) == [b"other"]
    assert len(events.ends) == 1


def test_a_new_subscription_does_not_wait_for_the_end_of_an_old_bracket() -> None:
    events = fed(begin(6), event(b"set", b"k"))
    events.begin_anew()
    assert kinds(events, b"k") == {TouchKind.WRITTEN}
    events.take([end(6, b"k"), event(b"set", b"later")])
    assert not events.ends
    assert kinds(events, b"later") == {TouchKind.WRITTEN}
    assert not events.markers
