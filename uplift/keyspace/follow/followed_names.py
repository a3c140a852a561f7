"""Which names on a server are followed; what is met that no rule is for is counted, and named where an application may miss it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from uplift.keyspace.follow.side_events import SourceName
from uplift.keyspace.keymap.key_label import KeyLabels
from uplift.keyspace.keymap.model import Action
from uplift.keyspace.keymap.own_keys import HANDOVER_PREFIX
from uplift.keyspace.keymap.routing import NO_TARGET, Router
from uplift.keyspace.keymap.target_names import NameKind, names_on_target

OnHandedOver = Callable[[int, bytes], None]
"""Told the database and the name of a key of the source whose rule is handover, and of what a handover keeps for itself."""

_MOST_REMEMBERED = 100_000
_MOST_PATTERNS = 1_000
OTHER_PATTERNS = "<other patterns>"

NO_RULE = "no rule of the key map is for it: it is not followed"
ELSEWHERE = "its rule sends it to another destination than the one it was written on: it is not followed"
ROOTLESS = "its rule writes under a root, and the name on the target has none: it is not followed"


class FollowedNames:
    """`met` are keys to be named, with the reason, until they are taken. `not_described`: how many names on targets no rule describes,
    each counted once (up to a bound, then no more); `not_described_patterns` the same by pattern, as labels show it.

    `on_handed_over` is called once an event, and once a name of a pass: it must be quick, and raises nothing.
    """

    def __init__(self, router: Router, labels: KeyLabels | None = None, on_handed_over: OnHandedOver | None = None) -> None:
        self._router, self._labels, self._on_handed_over = router, labels or KeyLabels(), on_handed_over
        self.not_described_patterns: Counter[str] = Counter()
        self._seen: set[int] = set()
        self.met: list[tuple[bytes, str]] = []
        self.not_described = 0

    def on_source(self, database: int = 0) -> SourceName:
        """What tells a name in a database of the source."""
        route, tell = self._router.route, self._on_handed_over
        own = [rule.index for rule in self._router.rules if rule.prefixes == (HANDOVER_PREFIX,)]
        told = frozenset(own + [rule.index for rule in self._router.rules if rule.action is Action.HANDOVER])

        def source_name(name: bytes) -> bytes | None:
            rule = route(name)
            if rule is None:
                if self._is_new(name):
                    self.met.append((name, NO_RULE))
                return None
            if rule.target != NO_TARGET:
                return name
            if tell is not None and rule.index in told:
                tell(database, name)
            return None

        return source_name

    def on_target(self, target: int) -> SourceName:
        """What tells a name on a target, by its index."""
        names = names_on_target(self._router, target)
        followed = NameKind.FOLLOWED

        def source_name(name: bytes) -> bytes | None:
            found = names(name)
            if found.kind is followed:
                return found.key
            if found.kind is NameKind.ROOTLESS:
                if self._is_new(name):
                    self.met.append((name, ROOTLESS))
            elif found.rule is None:
                if self._is_new(name):
                    self._count(name)
            elif found.kind is NameKind.LEFT and found.rule.target != NO_TARGET and self._is_new(name):
                self.met.append((name, ELSEWHERE))
            return None

        return source_name

    def take_met(self) -> list[tuple[bytes, str]]:
        """What is to be named since the last time."""
        met, self.met = self.met, []
        return met

    def _count(self, name: bytes) -> None:
        self.not_described += 1
        pattern, patterns = self._labels.pattern(name), self.not_described_patterns
        patterns[pattern if pattern in patterns or len(patterns) < _MOST_PATTERNS else OTHER_PATTERNS] += 1

    def _is_new(self, name: bytes) -> bool:
        if len(self._seen) >= _MOST_REMEMBERED:
            return False
        before = len(self._seen)
        self._seen.add(hash(name))
        return len(self._seen) > before
