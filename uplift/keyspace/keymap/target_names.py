"""The way back: which key of the source a name on a target is.

Said by the same rules as the way there, so the two are each other's inverse: a name is followed to a key exactly where that key is
written under that name. For that the key map must be sound: check.py proves that no two keys get one name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from uplift.keyspace.keymap.own_keys import is_own_key
from uplift.keyspace.keymap.routing import Router, Rule


class NameKind(Enum):
    """What a name on a target is.

    FOLLOWED: the copy of a key of the source. OWN: ElastiCache's or Uplift's own. LEFT: it stays where it is, because its rule is
    skip or handover, or writes to another target, or because no rule describes it. ROOTLESS: its rule writes to this target under a
    root, and the name has none: nobody can say whether the application meant the key with the root.
    """

    FOLLOWED = "followed"
    OWN = "own"
    LEFT = "left"
    ROOTLESS = "rootless"


@dataclass(frozen=True, slots=True)
class TargetName:
    """One name on a target. `key` is the source's key where it is FOLLOWED, else the name itself.

    `rule` is the one that says so; None only where no rule describes the name, which is then LEFT.
    """

    kind: NameKind
    key: bytes
    rule: Rule | None


def names_on_target(router: Router, target: int) -> Callable[[bytes], TargetName]:
    """What tells a name on a target, given the target's index among those that the router was built for.

    An index that no rule writes to has only names of the kinds OWN and LEFT. The function raises nothing. It runs once a key event, so
    what does not depend on the name is looked up once, and a map without roots costs no more than its route (bench/route.py).
    """
    route = router.route
    roots = _roots(router, target)
    beginnings = tuple(root for root, _ in roots)
    followed, left, own, rootless = NameKind.FOLLOWED, NameKind.LEFT, NameKind.OWN, NameKind.ROOTLESS

    def as_it_is(name: bytes) -> TargetName:
        rule = route(name)
        if rule is None:
            return TargetName(left, name, None)
        if rule.target == target:
            return TargetName(rootless if rule.root else followed, name, rule)
        return TargetName(own if rule.is_own else left, name, rule)

    def with_roots(name: bytes) -> TargetName:
        # Own names first, as in every map's rules: whatever a root makes of them, they are nobody's data.
        if name.startswith(beginnings) and not is_own_key(name):
            for root, length in roots:
                if name.startswith(root):
                    key = name[length:]
                    rule = route(key)
                    # Another rule's key behind this root was written by nobody: the name may still be a key as it is.
                    if rule is not None and rule.target == target and rule.root == root:
                        return TargetName(followed, key, rule)
        return as_it_is(name)

    return with_roots if roots else as_it_is


def _roots(router: Router, target: int) -> tuple[tuple[bytes, int], ...]:
    """The roots of the rules that write to a target, and their lengths, the longest first: one can begin with another."""
    found = {rule.root for rule in router.rules if rule.target == target and rule.root}
    return tuple((root, len(root)) for root in sorted(found, key=lambda root: (-len(root), root)))
