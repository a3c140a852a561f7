"""What one side's stream becomes: touches, markers, ends, raises; fed with replies as a subscription receives them."""

from __future__ import annotations

from struct import pack

import pytest

from uplift.keyspace.follow.event_classes import PROBE_NAMES
from uplift.keyspace.follow.evidence import TouchKind
from uplift.keyspace.follow.key_state import FOREVER, string_token
from uplift.keyspace.follow.messages import Begin, Marker, Raised, begin_text, end_head, marker_text, note_of, token_as_text
from uplift.keyspace.follow.own_names import CANARY, LEASE, channel_of
from uplift.keyspace.follow.side_events import SideEvents
from uplift.keyspace.keymap.own_keys import TEMPORARY_PREFIX, is_own_key
from uplift.keyspace.server.replies import ErrorReply, Reply

OWNER = b"1:one"
TOKEN = string_token(b"value")


def source_name(name: bytes) -> bytes | None:
    return None if is_own_key(name) or name.startswith(b"not followed:") else name


def side(name_of: object = None) -> SideEvents:
    return SideEvents(0, source_name if name_of is None else name_of)  # type: ignore[arg-type]


def event(name: bytes, key: bytes) -> list[Reply]:
    return [b"pmessage", b"__keyevent@0__:*", b"__keyevent@0__:" + name, key]


def message(text: bytes) -> list[Reply]:
    return [b"message", channel_of(0), text]


def marker(round_: int, page: int = 0, *, told: bytes = b"") -> list[list[Reply]]:
    return [event(b"expire", CANARY), message(marker_text(OWNER, round_, page, told))]


def begin(round_: int, page: int = 0, owner: bytes = OWNER) -> list[Reply]:
    return message(begin_text(owner, round_, page))


def end(round_: int, *names: bytes, page: int = 0, owner: bytes = OWNER, root: int = 0) -> list[Reply]:
    entries = b""
    for name in names:
        token, note = token_as_text(TOKEN), note_of(name, root, TOKEN, FOREVER)
        entries += pack(">BI", len(token), len(note)) + token + note
    return message(end_head(owner, round_, page) + b"o" * len(names) + b" " + entries)


def fed(*replies: list[Reply] | list[list[Reply]]) -> SideEvents:
    """All in one piece, after the marker of round 5."""
    events = side()
    events.take([*marker(5), *_flat(replies)])
    return events


def _flat(replies: tuple[list[Reply] | list[list[Reply]], ...]) -> list[Reply | ErrorReply]:
    flat: list[Reply | ErrorReply] = []
    for one in replies:
        flat += one if isinstance(one[0], list) else [one]
    return flat


def kinds(events: SideEvents, key: bytes) -> set[TouchKind]:
    touch = events.touches.before(key, 1 << 60)
    return set() if touch is None else set(touch.kinds)


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


def probe(letters: str, written: str = "$lshz", asked: str = "$lshz") -> list[list[Reply]]:
    """As a script of lua/probe_classes.lua that wrote to some classes, of which some are on."""
    by_letter = {letter: name for name, letter in PROBE_NAMES.items()}
    replies = [event(b"del", name) for name in PROBE_NAMES]
    for letter in letters:
        replies += [event(b"write", by_letter[letter]), event(b"expire", by_letter[letter])]
    return [*replies, message(b"p %b %b %b" % (OWNER, asked.encode(), written.encode()))]


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
    replies = _flat(
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
