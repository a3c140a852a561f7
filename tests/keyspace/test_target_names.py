"""The way back from a target's name to the source's key, and which destinations have none."""

from __future__ import annotations

import random
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.draws import DRAWS, SEED
from tests.keyspace.drawn_keymaps import draw_keys, draw_map
from uplift.errors import BadInput
from uplift.keyspace.keymap.check import check_keymap
from uplift.keyspace.keymap.file import load_keymap
from uplift.keyspace.keymap.handed_over import refuse_handed_over
from uplift.keyspace.keymap.model import KeyMap
from uplift.keyspace.keymap.origin import origin_of
from uplift.keyspace.keymap.own_keys import is_own_key
from uplift.keyspace.keymap.routing import NO_TARGET, Router, build_router
from uplift.keyspace.keymap.target_names import NameKind, names_on_target

VETS_API = load_keymap(Path("config/keyspace.yaml"))
MAPS = 2_000 if DRAWS == "fuzz" else 400
_ROOTS = ("", "", "a:", "ab:", "cache:", "cache:a:", "uplift:", "queue:")


def _map(*rules: dict[str, Any], rename: bool = True) -> KeyMap:
    whole = [{"to": "a", "source": "test", "reason": "test", "overlaps": "*", **rule} for rule in rules]
    return KeyMap.model_validate({"version": 1, "destinations": ["a", "b"], "rename": rename, "rules": whole})


def _told(keymap: KeyMap, name: bytes, target: int = 0, **chosen: Any) -> tuple[str, bytes, str]:
    found = names_on_target(build_router(keymap, ("a", "b"), **chosen), target)(name)
    return found.kind.value, found.key, found.rule.name if found.rule is not None else ""


_PAGES = {"name": "pages", "match": {"prefix": "page:"}, "root": "cache:"}
_PLAIN = {"name": "plain", "match": {"prefix": "user:"}}
_JOBS = {"name": "jobs", "match": {"prefix": "queue:"}, "action": "handover", "to": "b"}
_STAYS = {"name": "stays", "match": {"prefix": "cache:"}, "action": "skip"}
_OTHER = {"name": "other", "match": {"prefix": "stat:"}, "to": "b"}


@pytest.mark.parametrize(
    ("name", "kind", "key", "rule"),
    [
        (b"cache:page:1", "followed", b"page:1", "pages"),
        (b"user:1", "followed", b"user:1", "plain"),
        (b"page:1", "rootless", b"page:1", "pages"),
        (b"cache:cache:page:1", "left", b"cache:cache:page:1", "stays"),
        (b"cache:user:1", "left", b"cache:user:1", "stays"),
        (b"cache:", "left", b"cache:", "stays"),
        (b"queue:default", "left", b"queue:default", "jobs"),
        (b"stat:1", "left", b"stat:1", "other"),
        (b"unheard-of", "left", b"unheard-of", ""),
        (b"", "left", b"", ""),
        (b"uplift:follow:lease", "own", b"uplift:follow:lease", "uplift-follow"),
        (b"uplift:temporary:1:new", "own", b"uplift:temporary:1:new", "uplift-temporary"),
        (b"ElastiCacheMasterReplicationTimestamp", "own", b"ElastiCacheMasterReplicationTimestamp", "elasticache-own-key"),
        (b"cache:uplift:follow:lease", "left", b"cache:uplift:follow:lease", "stays"),
    ],
)
def test_what_a_name_on_a_target_is(name: bytes, kind: str, key: bytes, rule: str) -> None:
    assert _told(_map(_PAGES, _PLAIN, _JOBS, _STAYS, _OTHER), name) == (kind, key, rule)


def test_a_name_that_is_a_renamed_key_is_that_key_whatever_rule_it_matches_as_it_is() -> None:
    """Rule `stays` is for `cache:page:1` of the source, which is written nowhere: on the target the name is a copy of `page:1`."""
    for first in ({**_STAYS}, {**_STAYS, "to": "b", "action": "copy"}):
        assert _told(_map(first, _PAGES), b"cache:page:1") == ("followed", b"page:1", "pages")


def test_of_roots_that_begin_with_each_other_that_counts_whose_rule_writes_the_name() -> None:
    keymap = _map({**_PAGES, "match": {"prefix": "p:"}}, {"name": "deep", "match": {"prefix": "q:"}, "root": "cache:a:"})
    assert check_keymap(keymap) == []
    assert _told(keymap, b"cache:p:1") == ("followed", b"p:1", "pages")
    assert _told(keymap, b"cache:a:q:1") == ("followed", b"q:1", "deep")
    assert _told(keymap, b"cache:a:p:1") == ("left", b"cache:a:p:1", "")
    assert _told(keymap, b"cache:q:1") == ("left", b"cache:q:1", "")


def test_without_renaming_names_are_the_same_on_both_sides() -> None:
    keymap = _map(_PAGES, _PLAIN, _OTHER, rename=False)
    assert _told(keymap, b"page:1") == ("followed", b"page:1", "pages")
    assert _told(keymap, b"cache:page:1") == ("left", b"cache:page:1", "")
    assert _told(keymap, b"stat:1", target=1) == ("followed", b"stat:1", "other")
    assert _told(keymap, b"user:1", target=1) == ("left", b"user:1", "plain")


def test_a_rule_that_was_not_chosen_is_left() -> None:
    assert _told(_map(_PAGES, _PLAIN), b"user:1", exclude=["plain"]) == ("left", b"user:1", "plain")
    assert _told(_map(_PAGES, _PLAIN), b"cache:page:1", exclude=["pages"]) == ("left", b"cache:page:1", "")
    assert _told(_map(_PAGES, _PLAIN), b"page:1", exclude=["pages"]) == ("left", b"page:1", "pages")


def test_an_own_name_stays_ours_in_an_unsound_map_too() -> None:
    keymap = _map({"name": "f", "match": {"prefix": "f"}, "root": "uplift:"})
    assert check_keymap(keymap) != []
    assert _told(keymap, b"uplift:follow:lease")[0] == "own"
    assert _told(keymap, b"uplift:fast") == ("followed", b"fast", "f")


def test_every_key_of_a_drawn_map_comes_back_and_nothing_else_is_followed(draws: random.Random, record_property: Any) -> None:
    sys.stdout.write(f"seed {SEED}\n")
    seen = Counter[str]()
    for _ in range(MAPS):
        drawn = draw_map(draws)
        rules = tuple(rule.model_copy(update={"root": draws.choice(_ROOTS)}) for rule in drawn.keymap.rules)
        keymap = drawn.keymap.model_copy(update={"rules": rules, "rename": draws.random() < 0.8})
        if check_keymap(keymap):
            continue
        seen["sound maps"] += 1
        router = build_router(keymap, ("a", "b"), only=drawn.only, exclude=drawn.exclude)
        keys = draw_keys(draws, drawn)
        keys += [root.encode() + key for root in set(_ROOTS) if root for key in keys]
        _every_written_key_comes_back(router, keys, seen)
        for target in (0, 1):
            _a_followed_name_is_the_one_its_key_is_written_under(router, target, keys, seen)
    sys.stdout.write(", ".join(f"{number} {what}" for what, number in sorted(seen.items())) + "\n")
    record_property("drawn", dict(seen))
    assert seen["sound maps"] > MAPS / 20
    assert min(seen[kind.value] for kind in NameKind) > 100
    assert seen["came back from a root"] > 100


def _every_written_key_comes_back(router: Router, keys: list[bytes], seen: Counter[str]) -> None:
    back = {target: names_on_target(router, target) for target in (0, 1)}
    for key in keys:
        rule = router.first_match(key)
        if rule is not None and rule.target != NO_TARGET:
            found = back[rule.target](rule.root + key)
            assert (found.kind, found.key, found.rule) == (NameKind.FOLLOWED, key, rule), (key, router.rules, SEED)
            seen["came back from a root" if rule.root else "came back"] += 1


def _a_followed_name_is_the_one_its_key_is_written_under(router: Router, target: int, names: list[bytes], seen: Counter[str]) -> None:
    """Held against the loop over the rules in their order, which `verify` asks, and against the way there."""
    told = names_on_target(router, target)
    for name in names:
        found, origin, as_it_is = told(name), origin_of(router, target, name), router.first_match(name)
        seen[found.kind.value] += 1
        where = (name, found, router.rules, SEED)
        assert (found.kind is NameKind.FOLLOWED) == (origin is not None), where
        assert (found.kind is NameKind.OWN) == is_own_key(name), where
        if found.kind is NameKind.FOLLOWED:
            assert found.rule is not None
            assert (found.key, found.rule) == origin, where
            assert (found.rule.target, found.rule.root + found.key) == (target, name), where
        else:
            written = as_it_is is not None and as_it_is.target == target
            assert (found.key, found.rule, found.kind is NameKind.ROOTLESS) == (name, as_it_is, written), where


def test_a_destination_of_sidekiqs_is_not_followed() -> None:
    refuse_handed_over(VETS_API, ("app-cache",))
    refuse_handed_over(_map(_PLAIN, _OTHER), ("a", "b"))
    for targets in (("sidekiq",), ("app-cache", "sidekiq")):
        with pytest.raises(BadInput) as raised:
            refuse_handed_over(VETS_API, targets)
        message = str(raised.value)
        assert message.startswith(
            "--to sidekiq: a destination of Sidekiq's is never followed: its jobs are moved by the handover (rules private-"
        )
        assert message.endswith("cron-jobs, iteration-state), allowed: app-cache") and "\n" not in message
        assert "scheduler-dedupe" not in message


def test_rules_that_copy_beside_a_handover_make_no_exception() -> None:
    with pytest.raises(BadInput, match=r"^--to b: .*\(rules jobs\), allowed: a$"):
        refuse_handed_over(_map(_PLAIN, _JOBS, _OTHER), ("a", "b"))
    with pytest.raises(BadInput, match=r"\(rules jobs, other\), allowed: none of this key map$"):
        refuse_handed_over(_map({**_JOBS, "to": "a"}, _JOBS | {"name": "more"}, _OTHER | {"to": "a", "action": "handover"}), ("a",))
