"""Which names are followed, and what is said of those that are not."""

from __future__ import annotations

from uplift.keyspace.follow.followed_names import ELSEWHERE, NO_RULE, FollowedNames
from uplift.keyspace.keymap.model import KeyMap
from uplift.keyspace.keymap.routing import build_router

KEYMAP = KeyMap.model_validate(
    {
        "version": 1,
        "destinations": ["cache", "other"],
        "rules": [
            {"name": "sessions", "match": {"prefix": "session:"}, "to": "cache", "source": "t", "reason": "t"},
            {"name": "others", "match": {"prefix": "other:"}, "to": "other", "source": "t", "reason": "t"},
            {"name": "logs", "match": {"prefix": "log:"}, "to": "cache", "action": "skip", "source": "t", "reason": "t"},
        ],
    }
)


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
