"""What a key belongs to by its name, and that the key map of vets-api says the same of every key."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from uplift.keyspace.keymap.file import load_keymap
from uplift.keyspace.keymap.key_language import Language, beginning_with, exactly, is_within, share_a_key
from uplift.keyspace.keymap.model import Action
from uplift.keyspace.keymap.regex_language import matching
from uplift.keyspace.keymap.routing import Rule, build_router
from uplift.sidekiq.keys.key_kinds import BEGINNINGS, EXACT_NAMES, FORMS, KeyKind, is_like_sidekiqs, kind_of

ROUTER = build_router(load_keymap(Path("config/keyspace.yaml")), ("app-cache", "sidekiq"))
OF_SIDEKIQ = [rule for rule in ROUTER.rules if rule.destination == "sidekiq"]
# vets-api has neither of these gems: a key map without a rule for their keys stops whoever copies them.
WITHOUT_A_RULE = {KeyKind.FOREIGN_LOCK, KeyKind.FOREIGN_FETCH, KeyKind.HANDOVER, KeyKind.OTHER}
ACTIONS = {
    KeyKind.QUEUE: {Action.HANDOVER},
    KeyKind.SORTED_SET: {Action.HANDOVER},
    KeyKind.QUEUE_NAMES: {Action.HANDOVER},
    KeyKind.STATISTICS: {Action.HANDOVER},
    KeyKind.METRICS: {Action.SKIP},
    KeyKind.PROCESS: {Action.SKIP},
    KeyKind.SCHEDULER: {Action.HANDOVER, Action.SKIP},
    KeyKind.CRON: {Action.HANDOVER, Action.SKIP},
    KeyKind.PERIODIC: {Action.SKIP},
    KeyKind.LOCK: {Action.HANDOVER},
    KeyKind.BATCH: {Action.HANDOVER},
    KeyKind.LIMITER: {Action.SKIP},
    KeyKind.ITERATION: {Action.HANDOVER},
}
EXAMPLES = [
    (b"queue:default", KeyKind.QUEUE),
    (b"queue:", KeyKind.QUEUE),
    (b"queue:\xff\n|_:", KeyKind.QUEUE),
    (b"queue:sq|host:12:0123456789ab|default", KeyKind.QUEUE),
    (b"retry", KeyKind.SORTED_SET),
    (b"schedule", KeyKind.SORTED_SET),
    (b"dead", KeyKind.SORTED_SET),
    (b"queues", KeyKind.QUEUE_NAMES),
    (b"paused", KeyKind.QUEUE_NAMES),
    (b"stat:processed", KeyKind.STATISTICS),
    (b"stat:failed:2020-04-20", KeyKind.STATISTICS),
    (b"j|20230120|13:5", KeyKind.METRICS),
    (b"20230120-marks", KeyKind.METRICS),
    (b"deploylock-fd2a1b6 Some change", KeyKind.METRICS),
    (b"EVSS::DisabilityCompensationForm::SubmitForm526-20-13:5", KeyKind.METRICS),
    (b"profiles", KeyKind.METRICS),
    (b"processes", KeyKind.PROCESS),
    (b"super_processes", KeyKind.PROCESS),
    (b"dear-leader", KeyKind.PROCESS),
    (b"process_cleanup", KeyKind.PROCESS),
    (b"ip-10-1-2-3.vfs:1234:0123456789ab", KeyKind.PROCESS),
    (b"ip-10-1-2-3.vfs:1234:0123456789ab:workers", KeyKind.PROCESS),
    (b"ip-10-1-2-3.vfs:1234:0123456789ab:work", KeyKind.PROCESS),
    (b"ip-10-1-2-3.vfs:1234:0123456789ab-signals", KeyKind.PROCESS),
    (b"ip-10-1-2-3.vfs:1234:0123456789ab:super_queues", KeyKind.PROCESS),
    (b"schedules", KeyKind.SCHEDULER),
    (b"schedules_changed", KeyKind.SCHEDULER),
    (b"sidekiq-scheduler:pushed:EVSS::Job", KeyKind.SCHEDULER),
    (b"sidekiq-scheduler:states", KeyKind.SCHEDULER),
    (b"cron_jobs", KeyKind.CRON),
    (b"cron_jobs:default", KeyKind.CRON),
    (b"cron_job:nightly", KeyKind.CRON),
    (b"cron_job:nightly:enqueued", KeyKind.CRON),
    (b"cron_job:default:nightly:enqueued", KeyKind.CRON),
    (b"cron_job:nightly:jid_history", KeyKind.CRON),
    (b"periodic", KeyKind.PERIODIC),
    (b"loops:nightly", KeyKind.PERIODIC),
    (b"cron:x", KeyKind.PERIODIC),
    (b"unique:0af3", KeyKind.LOCK),
    (b"b-a8Sf3", KeyKind.BATCH),
    (b"b-a8Sf3-jids", KeyKind.BATCH),
    (b"batches", KeyKind.BATCH),
    (b"dead-batches", KeyKind.BATCH),
    (b"lmtr-cfree-x", KeyKind.LIMITER),
    (b"it-0123456789abcdef01234567", KeyKind.ITERATION),
    # sidekiq-unique-jobs 4; 5 and 6; 7 and 8; 9.
    (b"uniquejobs", KeyKind.FOREIGN_LOCK),
    (b"unique:keys", KeyKind.FOREIGN_LOCK),
    (b"uniquejobs:0123456789abcdef0123456789abcdef:GRABBED", KeyKind.FOREIGN_LOCK),
    (b"uniquejobs:digests", KeyKind.FOREIGN_LOCK),
    (b"uniquejobs:0123456789abcdef0123456789abcdef:LOCKED", KeyKind.FOREIGN_LOCK),
    (b"uniquejobs:working:host:12", KeyKind.FOREIGN_LOCK),
    # GitLab's sidekiq-reliable-fetch: up to 0.8 without a nonce; its lease and what it gave up.
    (b"working:queue:default:host:12", KeyKind.FOREIGN_FETCH),
    (b"working:queue:a:b:host:12:0123456789ab", KeyKind.FOREIGN_FETCH),
    (b"reliable-fetcher-heartbeat-host-12-0123456789ab", KeyKind.FOREIGN_FETCH),
    (b"reliable-fetcher-cleanup-lock", KeyKind.FOREIGN_FETCH),
    (b"interrupted", KeyKind.FOREIGN_FETCH),
    (b"uplift:handover:r1:out:7", KeyKind.HANDOVER),
]
OTHERS = [
    b"",
    b"\xff:\x00",
    b"queuex",
    b"vets-api-session:1",
    b"host:12:0123456789ab:other",
    b"host:12:0123456789abc",
    b"b",
    b"retry:1",
    b"it",
]


@pytest.mark.parametrize(("key", "kind"), [*EXAMPLES, *((key, KeyKind.OTHER) for key in OTHERS)])
def test_the_kind_of_a_key(key: bytes, kind: KeyKind) -> None:
    assert kind_of(key) is kind


def test_every_kind_has_an_example() -> None:
    assert {kind for _, kind in EXAMPLES} | {KeyKind.OTHER} == set(KeyKind)


@pytest.mark.parametrize(("key", "kind"), EXAMPLES)
def test_the_key_map_does_with_every_example_what_its_kind_says(key: bytes, kind: KeyKind) -> None:
    rule = ROUTER.first_match(key)
    if kind in WITHOUT_A_RULE:
        assert rule is None or rule.action is not Action.COPY
    else:
        assert rule is not None
        assert (rule.destination, rule.action in ACTIONS[kind]) == ("sidekiq", True)


def _languages(kinds: set[KeyKind]) -> list[Language]:
    found = [exactly(name) for name, kind in EXACT_NAMES.items() if kind in kinds]
    found += [beginning_with(prefix) for prefix, kind in BEGINNINGS if kind in kinds]
    return found + [matching(form.pattern) for form, kind in FORMS if kind in kinds]


def test_every_key_of_a_kind_has_a_rule_and_none_of_these_copies() -> None:
    """Exactly, by automata, and not by examples."""
    allowed = {action: [one for rule in OF_SIDEKIQ if rule.action is action for one in rule.languages()] for action in Action}
    for kind, actions in ACTIONS.items():
        for language in _languages({kind}):
            assert is_within(language, [one for action in actions for one in allowed[action]]), kind
    copied = [one for rule in ROUTER.rules if rule.action is Action.COPY for one in rule.languages()]
    # Not of FORMS: those begin with a free word, so that a key such as users_b:1:0123456789ab is of both; then the order of rules decides.
    for language in [exactly(name) for name in EXACT_NAMES] + [beginning_with(prefix) for prefix, _ in BEGINNINGS]:
        assert not any(share_a_key(one, language) for one in copied)


@pytest.mark.parametrize("rule", OF_SIDEKIQ, ids=lambda rule: rule.name)
def test_every_key_of_a_rule_is_of_a_kind_that_goes_with_its_action(rule: Rule) -> None:
    kinds = {kind for kind, actions in ACTIONS.items() if rule.action in actions}
    for language in rule.languages():
        assert is_within(language, _languages(kinds))


def test_drawn_keys_are_never_copied_where_they_are_sidekiqs(draws: random.Random) -> None:
    pieces = [key for key, _ in EXAMPLES] + [b":", b"|", b"_", b"-", b"default", b"\xff", b"\n", b"12", b"0123456789ab"]
    for _ in range(3_000):
        key = draws.choice(EXAMPLES)[0] + b"".join(draws.choice(pieces) for _ in range(draws.randrange(3)))
        rule = ROUTER.route(key)
        if kind_of(key) is not KeyKind.OTHER:
            assert rule is None or rule.destination != "app-cache", key


@pytest.mark.parametrize(
    ("key", "is_like"),
    [
        (b"sidekiq:something", True),
        (b"queue_of_mine", True),
        (b"jobs|x", True),
        (b"vets:queues", True),
        (b"a:b:processes", True),
        (b"uplift:handover:r:queues", False),
        (b"queuex", False),
        (b"vets-api-session:queue", False),
        (b"", False),
    ],
)
def test_what_looks_like_sidekiqs(key: bytes, is_like: bool) -> None:
    assert is_like_sidekiqs(key) is is_like
