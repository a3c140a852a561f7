"""Which names are followed, and what is said of those that are not."""

from __future__ import annotations

from uplift.keyspace.follow.followed_names import ELSEWHERE, NO_RULE, FollowedNames
from uplift.keyspace.keymap.key_label import KeyLabels
from uplift.keyspace.keymap.known_words import words_of
from uplift.keyspace.keymap.model import KeyMap
from uplift.keyspace.keymap.routing import build_router

KEYMAP = KeyMap.model_validate(
    {
        "version": 1,
        "destinations": ["cache", "other", "jobs"],
        "rules": [
            {"name": "sessions", "match": {"prefix": "session:"}, "to": "cache", "source": "t", "reason": "t"},
            {"name": "others", "match": {"prefix": "other:"}, "to": "other", "source": "t", "reason": "t"},
            {"name": "queues", "match": {"prefix": "queue:"}, "to": "jobs", "action": "handover", "source": "t", "reason": "t"},
            {"name": "logs", "match": {"prefix": "log:"}, "to": "cache", "action": "skip", "source": "t", "reason": "t"},
        ],
    }
)


def test_names_that_are_handed_over_are_told_and_no_others() -> None:
    told: list[tuple[int, bytes]] = []
    names = FollowedNames(build_router(KEYMAP, ("cache", "other")), on_handed_over=lambda database, name: told.append((database, name)))
    on_source, on_target = names.on_source(3), names.on_target(0)
    met = (b"queue:low", b"log:1", b"session:1", b"nobody:1", b"uplift:handover:run:out:1", b"uplift:temporary:1", b"queue:low")
    for name in met:
        assert on_source(name) == (name if name == b"session:1" else None)
        on_target(name)
    assert told == [(3, b"queue:low"), (3, b"uplift:handover:run:out:1"), (3, b"queue:low")]


def test_what_no_rule_describes_is_counted_by_pattern_without_its_name() -> None:
    names = FollowedNames(build_router(KEYMAP, ("cache", "other")), KeyLabels(words=words_of(KEYMAP)))
    on_target = names.on_target(0)
    for number in range(30):
        on_target(b"cache:views/secret-%d" % number)
        on_target(b"session-%d" % number)
    patterns = names.not_described_patterns
    assert (names.not_described, sum(patterns.values())) == (60, 60)
    assert len(patterns) < 5
    assert not any("secret" in pattern or "views" in pattern for pattern in patterns)


def test_a_name_on_the_wrong_target_is_named_once() -> None:
    names = FollowedNames(build_router(KEYMAP, ("cache", "other")))
    on_cache = names.on_target(0)
    assert [on_cache(name) for name in (b"session:1", b"other:1", b"other:1", b"log:1", b"nobody:1")] == [
        b"session:1",
        None,
        None,
        None,
        None,
    ]
    assert (names.take_met(), names.not_described) == ([(b"other:1", ELSEWHERE)], 1)
    assert names.on_target(1)(b"other:1") == b"other:1"
    on_source = names.on_source()
    assert [on_source(name) for name in (b"other:1", b"log:1", b"nobody:2")] == [b"other:1", None, None]
    assert names.take_met() == [(b"nobody:2", NO_RULE)]
