"""Which names on a server are followed; what is met that no rule is for is counted, and named where an application may miss it."""

from __future__ import annotations

from uplift.keyspace.follow.side_events import SourceName
from uplift.keyspace.keymap.routing import NO_TARGET, Router
from uplift.keyspace.keymap.target_names import NameKind, names_on_target

_MOST_REMEMBERED = 100_000

NO_RULE = "no rule of the key map is for it: it is not followed"
ELSEWHERE = "its rule sends it to another destination than the one it was written on: it is not followed"
ROOTLESS = "its rule writes under a root, and the name on the target has none: it is not followed"


class FollowedNames:
    """`met` are keys to be named, with the reason, until they are taken. `not_described`: how many names on targets no rule describes,
    each counted once (up to a bound, then no more).
    """

    def __init__(self, router: Router) -> None:
        self._router = router
        self._seen: set[int] = set()
        self.met: list[tuple[bytes, str]] = []
        self.not_described = 0

    def on_source(self) -> SourceName:
        """What tells a name on the source."""
        route = self._router.route

        def source_name(name: bytes) -> bytes | None:
            rule = route(name)
            if rule is None:
                if self._is_new(name):
                    self.met.append((name, NO_RULE))
                return None
            return name if rule.target != NO_TARGET else None

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
                self.not_described += self._is_new(name)
            elif found.kind is NameKind.LEFT and found.rule.target != NO_TARGET and self._is_new(name):
                self.met.append((name, ELSEWHERE))
            return None

        return source_name

    def take_met(self) -> list[tuple[bytes, str]]:
        """What is to be named since the last time."""
        met, self.met = self.met, []
        return met

    def _is_new(self, name: bytes) -> bool:
        if len(self._seen) >= _MOST_REMEMBERED:
            return False
        before = len(self._seen)
        self._seen.add(hash(name))
        return len(self._seen) > before
