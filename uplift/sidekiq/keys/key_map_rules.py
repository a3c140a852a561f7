"""What a key map knows of keys that are of no kind of Sidekiq's own."""

from __future__ import annotations

from uplift.keyspace.keymap.model import Action
from uplift.keyspace.keymap.routing import Router
from uplift.sidekiq.keys.key_kinds import is_like_sidekiqs
from uplift.sidekiq.keys.survey import OfSidekiq


def of_sidekiq_by(router: Router | None) -> OfSidekiq:
    """Whether a key of no known kind is Sidekiq's all the same: one that a rule hands over, or that has no rule and looks like Sidekiq's.

    A key that any other rule is for is somebody else's. None: there is no key map.
    """
    if router is None:
        return is_like_sidekiqs

    def is_of_sidekiq(key: bytes) -> bool:
        rule = router.route(key)
        return is_like_sidekiqs(key) if rule is None else rule.action is Action.HANDOVER

    return is_of_sidekiq
