"""One SCAN over a server's names: which rule each has, what the handover knows, and what earlier runs left. Page by page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from uplift.keyspace.keymap.known_words import shared_words, shown
from uplift.keyspace.keymap.own_keys import ELASTICACHE_OWN_KEY, is_own_key
from uplift.keyspace.keymap.pattern import pattern_of
from uplift.keyspace.keymap.routing import Router
from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.replies import as_scan
from uplift.sidekiq.handover.refusals import HandoverRefused, refuse_what_is_not_understood
from uplift.sidekiq.keys.key_kinds import KeyKind, kind_of
from uplift.sidekiq.keys.key_map_rules import of_sidekiq_by
from uplift.sidekiq.keys.survey import Survey
from uplift.split.preflight.check import Check, judged

_PAGE_KEYS = 1_000
_MOST_PATTERNS = 1_000
_MOST_KEPT = 10_000
_MOST_SHOWN = 5


def pages(connection: Connection) -> Iterator[list[bytes]]:
    """Every name of the connection's database, some perhaps twice, a page at a time. Raises what Connection.ask raises."""
    cursor = b"0"
    while True:
        cursor, names = as_scan(connection.ask("SCAN", cursor, "COUNT", _PAGE_KEYS))
        yield names
        if cursor == b"0":
            return


@dataclass(slots=True)
class Names:
    """What was seen. `own` are names of Uplift's own, at most 10,000; `by_target` counts keys by the target their rule names."""

    router: Router
    seen: int = 0
    own: list[bytes] = field(default_factory=list)
    by_target: Counter[str] = field(default_factory=Counter)
    without_rule: int = 0
    patterns: Counter[str] = field(default_factory=Counter)
    kinds: Counter[KeyKind] = field(default_factory=Counter)
    unknown: dict[bytes, None] = field(default_factory=dict)

    def take(self, page: list[bytes]) -> None:
        """One page of names."""
        is_of_sidekiq = of_sidekiq_by(self.router)
        for key in page:
            if is_own_key(key):
                if key != ELASTICACHE_OWN_KEY and len(self.own) < _MOST_KEPT:
                    self.own.append(key)
                continue
            self.seen += 1
            rule = self.router.route(key)
            if rule is None:
                self._take_without_rule(key)
            else:
                self.by_target[rule.destination] += 1
            kind = kind_of(key)
            self.kinds[kind] += 1
            if kind is KeyKind.OTHER and is_of_sidekiq(key) and len(self.unknown) < _MOST_KEPT:
                self.unknown[key] = None

    def _take_without_rule(self, key: bytes) -> None:
        self.without_rule += 1
        pattern = pattern_of(key, self.router.words)
        if pattern in self.patterns or len(self.patterns) < _MOST_PATTERNS:
            self.patterns[pattern] += 1

    def shown_patterns(self) -> str:
        """Patterns of keys without a rule, the most frequent first; a first word is shown where the map or many keys have it."""
        words = self.router.words | shared_words(self.patterns.items())
        merged = Counter[str]()
        for pattern, count in self.patterns.items():
            merged[shown(pattern, words)] += count
        return ", ".join(f"{pattern} ({count:,})" for pattern, count in merged.most_common(_MOST_SHOWN))


def check_coverage(names: Names) -> list[Check]:
    """Every key has a rule."""
    refused = (
        [
            f"{names.without_rule:,} keys of legacy match no rule of the key map: {names.shown_patterns()}, expected: a rule for every "
            "key; write one each (`uplift keymap check --from URL` lists them)"
        ]
        if names.without_rule
        else []
    )
    return judged("key map", refused, [], f"{names.seen:,} keys, each with a rule")


def check_sidekiq(names: Names) -> list[Check]:
    """The handover knows every key of Sidekiq's, and no gem keeps jobs in a way of its own."""
    try:
        refuse_what_is_not_understood(Survey(names.kinds, {}, tuple(sorted(names.unknown)), frozenset()))
    except HandoverRefused as refused:
        return judged("Sidekiq's keys", [str(refused)], [], "")
    known = sum(count for kind, count in names.kinds.items() if kind is not KeyKind.OTHER)
    return judged("Sidekiq's keys", [], [], f"{known:,} keys, all of kinds the handover knows")
