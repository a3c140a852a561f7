"""What is wrong with a drawn split that ended, by what the application was acknowledged."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.split.drawn.application import client_of, state_of
from tests.split.drawn.faults import BURST, has_expired
from tests.split.drawn.journal import Journal, State
from tests.split.drawn.own_way import KEYMAP
from uplift.keyspace.keymap.key_label import KeyLabels
from uplift.keyspace.keymap.known_words import words_of

_MOST_SHOWN = 5


@dataclass
class Verdict:
    """`side` is in charge; `are_equal`: nobody wrote any more when the follow ended. `named`: labels that any engine told of or kept."""

    journal: Journal
    servers: dict[str, RedisServer]
    side: str
    are_equal: bool
    labels: KeyLabels
    named: set[str]

    @property
    def wrong(self) -> list[str]:
        return [*self._keys(), *self._burst(), *self._jobs(), *self._own_keys()]

    def _client(self, name: str) -> Any:
        return client_of(self.servers[name].port, "test")

    def _is_named(self, key: str) -> bool:
        return self.labels.label(key.encode()) in self.named

    @property
    def named_keys(self) -> list[str]:
        """Those of the application's."""
        return [key for key in sorted(self.journal.writes) if self._is_named(key)]

    def _keys(self) -> list[str]:
        here, other = ("legacy", "app-cache") if self.side == "old" else ("app-cache", "legacy")
        client, second = self._client(here), self._client(other)
        wrong = []
        for key in sorted(self.journal.writes):
            if self._is_named(key):
                continue
            found, beside = state_of(client, key), state_of(second, key)
            allowed = self.journal.allowed(key)
            if not any(_is_same(found, one) for one in allowed):
                wrong.append(f"silent loss: {key} is {found} on {here}, {beside} on {other}, acknowledged {allowed}: {self._last(key)}")
            elif self.are_equal and not _is_same(found, beside):
                wrong.append(f"not equal: {key} is {found} on {here}, {beside} on {other}")
        return wrong

    def _last(self, key: str) -> list[str]:
        return [f"{one.at:.3f} {one.writer} {one.side} {one.state}" for one in self.journal.writes[key][-6:]]

    def _burst(self) -> list[str]:
        now, left = time.time(), Counter[str]()
        for name in ("legacy", "app-cache"):
            left[name] = sum(has_expired(key, now) for key in self._client(name).scan_iter(f"{BURST}*", count=1000))
        return [f"keys that expired are there again: {left}"] if left.total() else []

    def _jobs(self) -> list[str]:
        here, other = ("legacy", "sidekiq") if self.side == "old" else ("sidekiq", "legacy")
        there, elsewhere = _jobs_on(self._client(here)), _jobs_on(self._client(other))
        journal = self.journal
        times = Counter(journal.ran)
        times.update(there)
        lost = journal.pushed - times.keys()
        twice = {number for number, count in times.items() if count > 1}
        wrong = [f"job lost: {one}{' (left on ' + other + ')' if one in elsewhere else ''}" for one in sorted(lost)]
        wrong += [f"job twice: {one}: ran {journal.ran_by.get(one)}, {there.count(one)} times on {here}" for one in sorted(twice)]
        left = [one for one in elsewhere if one not in lost]
        shown = wrong[:_MOST_SHOWN] + ([f"and {len(wrong) - _MOST_SHOWN} jobs more"] if len(wrong) > _MOST_SHOWN else [])
        return shown + ([f"{len(left)} jobs stay on {other} as well: {left[:_MOST_SHOWN]}"] if left else [])

    def _own_keys(self) -> list[str]:
        own = {name: list(self._client(name).scan_iter("uplift:*", count=1000)) for name in self.servers}
        return [f"own keys stay on {name}: {found}" for name, found in own.items() if found]


def _is_same(one: State | None, other: State | None) -> bool:
    if one is None or other is None:
        return one is other
    return one.is_like(other)


def _jobs_on(client: Any) -> list[int]:
    return [int(json.loads(one)["args"][0]) for one in (*client.lrange("queue:default", 0, -1), *client.zrange("retry", 0, -1))]


def labels_of(secret: str) -> KeyLabels:
    return KeyLabels(bytes.fromhex(secret), words_of(KEYMAP))


def named_in(state: Path) -> set[str]:
    """What each engine wrote down."""
    found: set[str] = set()
    for path in (state / "engines").glob("*/follow.json"):
        found |= set(json.loads(path.read_text()).get("named") or {})
    return found
