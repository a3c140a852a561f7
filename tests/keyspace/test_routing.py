"""The first rule that matches decides: in every map, for every key, and for what a server leaves out by itself."""

from __future__ import annotations

import random
import sys
from collections import Counter
from typing import Any

import pytest

from tests.conftest import StartRedis
from tests.draws import DRAWS
from tests.keyspace.drawn_keymaps import DrawnMap, draw_keys, draw_map, first_rule, is_returned
from tests.keyspace.everything import endpoint
from tests.keyspace.test_server_filter import returned
from uplift.keyspace.keymap.check import check_keymap
from uplift.keyspace.keymap.model import KeyMap
from uplift.keyspace.keymap.routing import FIRST_RULE_OF_THE_MAP, NO_TARGET, Router, Rule, build_router
from uplift.keyspace.server.connection import connected

MAPS = 5_000 if DRAWS == "fuzz" else 400
MAPS_ON_A_SERVER = 200 if DRAWS == "fuzz" else 40


def _map(*matches: dict[str, Any], **last: Any) -> KeyMap:
    rules = [
        {"name": f"r{number}", "match": match, "to": "a", "overlaps": "*", "source": "test", "reason": "test"}
        for number, match in enumerate(matches)
    ]
    rules[-1] |= last
    return KeyMap.model_validate({"version": 1, "destinations": ["a", "b"], "rules": rules})


def _name(rule: Rule | None) -> str | None:
    """Own rules are not of the map."""
    return rule.name if rule is not None and rule.index >= FIRST_RULE_OF_THE_MAP else None


@pytest.mark.parametrize(
    ("matches", "key"),
    [
        ([{"regex": "abc:.*|def:1.*"}, {"prefix": "def:"}], b"def:12"),
        ([{"prefix": "a"}, {"prefix": ["ab:", "x:"]}], b"ab:1"),
        ([{"exact": "ab:"}, {"prefix": "ab:"}], b"ab:"),
        ([{"regex": "(?i)user:.*"}, {"prefix": "USER:"}], b"USER:1"),
        ([{"regex": "a?x:.*"}, {"prefix": "x:"}], b"x:1"),
        ([{"regex": "(?x) a b : .*"}, {"prefix": "ab:"}], b"ab:1"),
        ([{"regex": "(?=ab).*"}, {"prefix": "ab:"}], b"ab:1"),
        ([{"prefix": ""}, {"prefix": "ab:"}], b"ab:1"),
        ([{"regex": ".*"}, {"exact": "ab"}], b"ab"),
    ],
)
def test_no_later_rule_decides(matches: list[dict[str, Any]], key: bytes) -> None:
    assert _name(build_router(_map(*matches), ("a",)).route(key)) == "r0"


@pytest.mark.parametrize(
    ("matches", "key"),
    [
        ([{"regex": "abc:.*|def:1.*"}, {"prefix": "def:"}], b"def:12"),
        ([{"regex": "(?i)user:.*"}, {"prefix": "USER:"}], b"USER:1"),
        ([{"prefix": "def:1"}, {"prefix": "def:"}], b"def:12"),
        ([{"prefix": "a"}, {"prefix": ["ab:", "x:"]}], b"ab:1"),
    ],
)
def test_a_server_does_not_skip_by_a_rule_behind_one_that_copies(matches: list[dict[str, Any]], key: bytes) -> None:
    assert is_returned(build_router(_map(*matches, action="skip"), ("a",)).filter_arguments(), key)


def _router(drawn: DrawnMap) -> Router:
    return build_router(drawn.keymap, ("a", "b"), only=drawn.only, exclude=drawn.exclude)


def test_routing_is_the_first_match_in_every_drawn_map(draws: random.Random, record_property: Any) -> None:
    seen = Counter[str]()
    for _ in range(MAPS):
        drawn = draw_map(draws)
        router = _router(drawn)
        targets = {rule.name: rule.target for rule in router.rules}
        arguments = router.filter_arguments()
        for key in draw_keys(draws, drawn):
            expected = first_rule(drawn.keymap, key)
            name = expected.name if expected is not None else None
            assert _name(router.route(key)) == name, (key, drawn)
            assert is_returned(arguments, key) or name is None or targets[name] == NO_TARGET, (key, arguments, drawn)
            seen["keys"] += 1
            seen["left out by the server"] += not is_returned(arguments, key)
        seen["maps"] += 1
        seen["sound"] += not check_keymap(drawn.keymap)
        seen["only"] += arguments[0] == b"only"
    sys.stdout.write(", ".join(f"{number} {what}" for what, number in seen.items()) + "\n")
    record_property("drawn", dict(seen))
    assert seen["sound"] > MAPS / 10
    assert seen["only"] > MAPS / 20
    assert seen["left out by the server"] > seen["keys"] / 20


def test_the_plain_loop_is_the_first_match_too(draws: random.Random) -> None:
    for _ in range(MAPS // 10):
        drawn = draw_map(draws)
        router = _router(drawn)
        for key in draw_keys(draws, drawn):
            expected = first_rule(drawn.keymap, key)
            assert _name(router.first_match(key)) == (expected.name if expected is not None else None), (key, drawn)


@pytest.mark.parametrize("version", ["3.2.6", "5.0.6"])
def test_a_server_returns_what_the_filter_promises_for_every_drawn_map(version: str, start_redis: StartRedis, draws: random.Random) -> None:
    server = start_redis(version)
    with connected(endpoint(server)) as connection:
        for _ in range(MAPS_ON_A_SERVER):
            drawn = draw_map(draws)
            keys = draw_keys(draws, drawn)
            server.client.flushdb()
            server.client.mset(dict.fromkeys(keys, b"v"))
            arguments = _router(drawn).filter_arguments()
            assert returned(connection, arguments) == {key for key in keys if is_returned(arguments, key)}, (arguments, drawn)
