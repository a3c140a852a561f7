"""A survey of all keys: every one of a kind, what is unknown, and what a key map knows better."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import StartRedis
from tests.sidekiq.sides import connection_to
from tests.sidekiq.test_key_kinds import EXAMPLES
from uplift.sidekiq.keys import survey as survey_file
from uplift.sidekiq.keys.key_kinds import KeyKind
from uplift.sidekiq.keys.survey import Surveying, survey


@pytest.mark.parametrize("version", ["3.2.6", "5.0.6"])
def test_every_key_of_a_kind_is_found(version: str, start_redis: StartRedis) -> None:
    server = start_redis(version)
    client: Any = server.client
    for key, _ in EXAMPLES:
        client.set(key, "v")
    for number in range(3_000):
        client.set(f"vets-api-session:{number}", "v")
    client.set("jobs:mine", "v")
    surveying = Surveying(connection_to(server))
    steps = 1
    while (found := surveying.step()) is None:
        steps += 1
    assert steps > 1
    assert surveying.seen >= 3_001 + len(EXAMPLES)
    assert {kind: set(names) for kind, names in found.names.items()} == {
        kind: {key for key, other in EXAMPLES if other is kind} for kind in set(KeyKind) - {KeyKind.OTHER}
    }
    assert found.of(KeyKind.SORTED_SET) == (b"dead", b"retry", b"schedule")
    assert found.counts[KeyKind.QUEUE] == 4
    assert (found.unknown, found.cut_off) == ((b"jobs:mine",), frozenset())
    assert survey(connection_to(server), lambda key: key.startswith(b"vets-api")).unknown[0].startswith(b"vets-api-session:")


def test_names_are_bounded(start_redis: StartRedis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey_file, "_NAMES_KEPT", 10)
    server = start_redis("5.0.6")
    client: Any = server.client
    for number in range(50):
        client.set(f"unique:{number}", "v")
        client.set(f"job:{number}", "v")
    found = survey(connection_to(server))
    assert (found.counts[KeyKind.LOCK], len(found.of(KeyKind.LOCK)), len(found.unknown)) == (50, 10, 10)
    assert found.cut_off == {KeyKind.LOCK, KeyKind.OTHER}
    assert found.of(KeyKind.BATCH) == ()
