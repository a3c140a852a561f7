"""Which key of the source a key of a target must come from."""

from __future__ import annotations

from uplift.keyspace.keymap.routing import Router, Rule


def origin_of(router: Router, target: int, name: bytes) -> tuple[bytes, Rule] | None:
    """The source's key that is written to `target` under `name`, and its rule; None where no key is.

    By the rules in their order, not by shortcuts: who asks checks what was copied. A sound key map has one at most (keymap/check.py).
    """
    rule = router.first_match(name)
    if rule is not None and rule.target == target and not rule.root:
        return name, rule
    for root in {rule.root for rule in router.rules if rule.target == target and rule.root}:
        if name.startswith(root):
            origin = name[len(root) :]
            renamed = router.first_match(origin)
            if renamed is not None and renamed.target == target and renamed.root == root:
                return origin, renamed
    return None
