"""The key map: the file of vets-api, what is refused, and what the checks find."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.app.shapes import entries
from uplift.errors import BadInput
from uplift.keyspace.keymap.check import check_keymap
from uplift.keyspace.keymap.file import load_keymap
from uplift.keyspace.keymap.key_language import NotSupported, beginning_with, exactly, is_within, share_a_key
from uplift.keyspace.keymap.model import Action, KeyMap
from uplift.keyspace.keymap.own_keys import is_own_key
from uplift.keyspace.keymap.regex_language import matching
from uplift.keyspace.keymap.routing import NO_TARGET, Router, build_router

VETS_API = Path("config/keyspace.yaml")


@pytest.fixture(scope="module")
def router() -> Router:
    return build_router(load_keymap(VETS_API), ("app-cache", "sidekiq"))


def test_the_map_of_vets_api_is_sound_with_and_without_renaming() -> None:
    keymap = load_keymap(VETS_API)
    assert check_keymap(keymap) == []
    assert check_keymap(keymap.model_copy(update={"rename": True})) == []


@pytest.mark.parametrize(
    ("key", "rule", "action", "destination"),
    [
        ("vets-api-session:ZxY_0", "sessions", "copy", "app-cache"),
        ("okta-response:OktaRedis::Profile.00u1", "okta-responses", "copy", "app-cache"),
        ("user-account-details:sec:1012", "user-account-details", "copy", "app-cache"),
        ("common_collection:1234:getactiverx", "common-collections", "copy", "app-cache"),
        ("dependents_application:af", "dependents-applications", "copy", "app-cache"),
        ("breakers:EVSS/Claims-successes-1587340800", "breakers", "copy", "app-cache"),
        ("breakers:EVSS/Claims-outages", "breakers-outages", "copy", "app-cache"),
        ("statsd-roster:api.rx.get_active_rxs.total", "statsd-roster", "copy", "app-cache"),
        ("rack::attack:26455680:feedback/ip:10.1.2.3", "rack-attack", "copy", "app-cache"),
        ("queues", "queue-names", "handover", "sidekiq"),
        ("queue:default", "queues-of-jobs", "handover", "sidekiq"),
        ("queue:sq|host:12:0123456789ab|default", "private-queues", "handover", "sidekiq"),
        ("schedule", "jobs-by-time", "handover", "sidekiq"),
        ("retry", "jobs-by-time", "handover", "sidekiq"),
        ("dead", "dead-jobs", "handover", "sidekiq"),
        ("b-a8Sf3", "batches", "handover", "sidekiq"),
        ("b-a8Sf3-jids", "batches", "handover", "sidekiq"),
        ("unique:0af3", "locks", "handover", "sidekiq"),
        ("stat:processed:2020-04-20", "statistics", "handover", "sidekiq"),
        ("sidekiq-scheduler:pushed:EVSS::Job", "scheduler-dedupe", "skip", "sidekiq"),
        ("sidekiq-scheduler:states", "scheduler-state", "handover", "sidekiq"),
        ("schedules", "schedules", "skip", "sidekiq"),
        ("processes", "process-lists", "skip", "sidekiq"),
        ("dear-leader", "process-lists", "skip", "sidekiq"),
        ("ip-10-1-2-3.vfs:1234:0123456789ab", "process-heartbeats", "skip", "sidekiq"),
        ("ip-10-1-2-3.vfs:1234:0123456789ab:workers", "process-heartbeats", "skip", "sidekiq"),
        ("ip-10-1-2-3.vfs:1234:0123456789ab-signals", "process-heartbeats", "skip", "sidekiq"),
        ("ip-10-1-2-3.vfs:1234:0123456789ab:super_queues", "process-heartbeats", "skip", "sidekiq"),
        ("lmtr-cfree-x", "limiters", "skip", "sidekiq"),
        ("process_cleanup", "process-lists", "skip", "sidekiq"),
        ("cron_jobs:default", "cron-jobs", "handover", "sidekiq"),
        ("cron_job:nightly", "cron-jobs", "handover", "sidekiq"),
        ("cron_job:default:nightly:enqueued", "cron-marks", "skip", "sidekiq"),
        ("j|20230120|13:5", "job-metrics", "skip", "sidekiq"),
        ("EVSS::Job-20-13:5", "job-metrics", "skip", "sidekiq"),
        ("it-0123456789abcdef01234567", "iteration-state", "handover", "sidekiq"),
    ],
)
def test_where_keys_of_vets_api_belong(key: str, rule: str, action: str, destination: str, router: Router) -> None:
    found = router.route(key.encode())
    assert found is not None
    assert (found.name, found.action, found.destination) == (rule, Action(action), destination)


def test_nothing_of_sidekiqs_is_copied(router: Router) -> None:
    """A copy of a cron's mark silences that cron on the other side; jobs and totals that the handover moves would be there twice."""
    assert {rule.name for rule in router.rules if rule.destination == "sidekiq" and rule.action is Action.COPY} == set()
    assert {rule.target for rule in router.rules} == {NO_TARGET, 0}


def test_every_shape_of_the_simulated_application_has_a_rule(router: Router, draws: random.Random) -> None:
    assert [entry.key for entry in entries(3_000, draws, 0.0) if router.route(entry.key.encode()) is None] == []


@pytest.mark.parametrize(
    "key", [b"", b"unheard-of:1", b"queuex", b"users_b", b"host:12:0123456789ab:other", b"b", b"\xff:\x00", b"cache:users_b:1"]
)
def test_what_nobody_described_has_no_rule(key: bytes, router: Router) -> None:
    assert router.route(key) is None


def test_own_keys_are_never_written(router: Router) -> None:
    for key in (b"ElastiCacheMasterReplicationTimestamp", b"uplift:temporary:1234:new", b"uplift:follow:lease"):
        rule = router.route(key)
        assert rule is not None
        assert is_own_key(key)
        assert (rule.target, rule.action) == (NO_TARGET, Action.SKIP)


def _map(*rules: dict[str, Any], **top: Any) -> KeyMap:
    whole = [{"to": "a", "source": "test", "reason": "test", **rule} for rule in rules]
    return KeyMap.model_validate({"version": 1, "destinations": ["a", "b"], "rules": whole, **top})


def _problems(*rules: dict[str, Any], **top: Any) -> list[str]:
    return [f"{problem.rule}: {problem.message}" for problem in check_keymap(_map(*rules, **top))]


def test_a_hidden_rule_is_found() -> None:
    assert _problems({"name": "all", "match": {"prefix": "q:"}}, {"name": "some", "match": {"prefix": "q:x"}})[0].startswith(
        "some: never decides"
    )
    both = _problems(
        {"name": "digits", "match": {"regex": "q:[0-9]+"}},
        {"name": "words", "match": {"regex": "q:[a-z]*"}},
        {"name": "late", "match": {"regex": "q:([0-9]{2}|[ab]+)"}},
    )
    assert [line.split(":")[0] for line in both] == ["late"]
    assert _problems({"name": "one", "match": {"exact": "x"}}, {"name": "other", "match": {"exact": ["x", "y"]}}) == []


def test_a_contradiction_must_be_said() -> None:
    narrow, wide = {"name": "narrow", "match": {"prefix": "q:s|"}, "to": "b"}, {"name": "wide", "match": {"prefix": "q:"}}
    assert "wide: shares keys with 'narrow', which decides otherwise" in _problems(narrow, wide)[0]
    assert _problems(narrow, {**wide, "overlaps": ["narrow"]}) == []
    assert _problems({**narrow, "to": "a"}, wide) == []


def test_two_keys_that_would_become_one_are_found() -> None:
    rules = (
        {"name": "pages", "match": {"prefix": "page:"}, "root": "cache:"},
        {"name": "cache", "match": {"regex": "cache:p[a-z]+:[0-9]+"}},
    )
    assert "a renamed key of it can meet one of 'pages' on a" in _problems(*rules, rename=True)[0]
    assert _problems(*rules) == []
    assert _problems(rules[0], {**rules[1], "to": "b"}, rename=True) == []


def test_a_root_that_makes_one_of_our_own_names_is_found() -> None:
    rule = {"name": "f", "match": {"prefix": "f"}, "root": "uplift:"}
    assert _problems(rule, rename=True) == ["f: a renamed key of it can be one of Uplift's own names: give it another root"]
    assert _problems({**rule, "match": {"prefix": "g"}}, rename=True) == []
    assert _problems(rule) == []


def test_a_construct_that_is_not_understood_is_refused() -> None:
    assert _problems({"name": "x", "match": {"regex": "a(?=b)"}}) == ["x: regex: a look-ahead or look-behind is not supported in a key map"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a", "the whole file: Input should be a valid dictionary or instance of KeyMap"),
        ("{version: 2, destinations: [a], rules: []}", "version: Input should be less than or equal to 1"),
        ("{version: 1, destinations: [a], rules: [{name: r, match: {prefix: p}, to: c, source: s, reason: r}]}", "'r' goes to 'c', allowed: a"),
        ("{version: 1, destinations: [a], rules: [{name: r, match: {}, to: a, source: s, reason: r}]}", "rules.r.match: needs exact, prefix or regex"),
        ("{version: 1, destinations: [a], rules: [{name: r, match: {regex: '('}, to: a, source: s, reason: r}]}", "rules.r.match.regex: not a regular"),
        ("{version: 1, destinations: [a], rules: [{name: r, match: {prefix: p}, to: a, acton: skip, source: s, reason: r}]}", "rules.r.acton: Extra"),
        ("{version: 1, destinations: [a], rules: [{name: r, match: {prefix: p}, to: a, action: move, source: s, reason: r}]}", "rules.r.action: Input should be 'copy', 'skip' or 'handover'"),
        ("a: [", "line 1: no YAML"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_key_map_is_refused_in_one_line(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "map.yaml"
    path.write_text(text)
    with pytest.raises(BadInput, match=re.escape(message)) as raised:
        load_keymap(path)
    assert "\n" not in str(raised.value)
    assert str(path) in str(raised.value)


def test_only_and_exclude_choose_what_is_written() -> None:
    keymap = load_keymap(VETS_API)
    only = build_router(keymap, ("app-cache", "sidekiq"), only=["sessions", "users"])
    assert only.server_filter.only
    assert only.filter_arguments() == [b"only", b"pvets-api-session:", b"pusers_b:"]
    written = {rule.name for rule in only.rules if rule.target != NO_TARGET}
    assert written == {"sessions", "users"}
    without = build_router(keymap, ("app-cache", "sidekiq"), exclude=["sessions"])
    assert b"pvets-api-session:" in without.filter_arguments()
    with pytest.raises(BadInput, match="--only nope: no such rule"):
        build_router(keymap, ("app-cache", "sidekiq"), only=["nope"])
    with pytest.raises(BadInput, match="rule 'sessions' goes to 'app-cache', but --to names sidekiq"):
        build_router(keymap, ("sidekiq",))


def test_a_whole_key_before_a_beginning_decides_and_one_behind_it_is_hidden() -> None:
    whole, beginning = (
        {"name": "whole", "match": {"exact": "q:x"}, "to": "b"},
        {"name": "beginning", "match": {"prefix": "q:"}, "overlaps": "*"},
    )
    found = build_router(_map(whole, beginning), ("a", "b")).route
    assert [rule.name for key in (b"q:x", b"q:xy", b"q:") if (rule := found(key))] == ["whole", "beginning", "beginning"]
    assert _problems(beginning, whole)[0].startswith("whole: never decides")


def test_a_server_never_skips_what_an_earlier_rule_wants() -> None:
    keymap = _map(
        {"name": "wanted", "match": {"regex": "q:[0-9]+"}, "overlaps": "*"},
        {"name": "wanted-too", "match": {"prefix": "r:x"}},
        {"name": "unwanted", "match": {"prefix": ["q:", "r:", "s:"]}, "action": "skip", "overlaps": "*"},
    )
    assert build_router(keymap, ("a", "b")).filter_arguments() == [b"skip", b"ps:"]


_SOME = st.sampled_from(["a", "ab", "a:", "a:b", "b", "", "a:bc", "b:"])


@given(
    st.lists(st.tuples(st.sampled_from(["exact", "prefix", "regex"]), _SOME, st.sampled_from(["a", "b"])), min_size=1, max_size=6),
    st.text("ab:c", max_size=6),
)
def test_routing_is_first_match_wins_in_every_sound_map(rules: list[tuple[str, str, str]], key: str) -> None:
    texts: list[dict[str, Any]] = []
    for number, (kind, text, destination) in enumerate(rules):
        pattern = re.escape(text) + "[ab]?" if kind == "regex" else text
        texts.append({"name": f"r{number}", "match": {kind: pattern}, "to": destination, "overlaps": "*"})
    keymap = _map(*texts)
    if check_keymap(keymap):
        return
    expected = None
    for rule in keymap.rules:
        match = rule.match
        if key in match.exact or any(key.startswith(text) for text in match.prefix) or (match.regex and re.fullmatch(match.regex, key)):
            expected = rule.name
            break
    found = build_router(keymap, ("a", "b")).route(key.encode())
    assert (found.name if found else None) == expected


_EXPRESSIONS = st.recursive(
    st.sampled_from(["a", "b", "[ab]", "[^a]", ".", "c?", "a*", "(a|bc)", r"\d", "b{1,2}"]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join), st.tuples(inner, inner).map("({0[0]}|{0[1]})".format), inner.map("({})?".format)
    ),
    max_leaves=4,
)


@given(_EXPRESSIONS, _EXPRESSIONS, st.lists(st.text("abc1", max_size=4), max_size=30))
def test_languages_agree_with_the_regular_expressions(one: str, other: str, words: list[str]) -> None:
    first, second = matching(one.encode()), matching(other.encode())
    shared, within = share_a_key(first, second), is_within(first, [second])
    for word in words:
        in_one, in_other = re.fullmatch(one, word, re.DOTALL) is not None, re.fullmatch(other, word, re.DOTALL) is not None
        assert share_a_key(exactly(word.encode()), first) is in_one
        assert shared or not (in_one and in_other)
        assert not within or not in_one or in_other


def test_languages_of_literals() -> None:
    assert is_within(beginning_with(b"ab"), [beginning_with(b"a")])
    assert not is_within(beginning_with(b"a"), [beginning_with(b"ab"), exactly(b"a")])
    assert is_within(matching(b"a[bc]"), [exactly(b"ab"), exactly(b"ac")])
    with pytest.raises(NotSupported):
        matching(b"a{2000}")
