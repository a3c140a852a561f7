"""What an engine found and has not told yet: to whoever runs it, and to a standby."""

from __future__ import annotations

from uplift.keyspace.follow.judgement import Judgement
from uplift.keyspace.follow.told import BaseUpdate
from uplift.keyspace.follow.totals import Totals


class Findings:
    """`named` and `unexplained` are told by the next step, also where the round that found them is abandoned; `base_updates` go with the
    next round's marker. `totals`: since the engine began.
    """

    def __init__(self) -> None:
        self.totals = Totals()
        self.named: list[tuple[bytes, str]] = []
        self.unexplained: list[bytes] = []
        self.base_updates: list[BaseUpdate] = []

    def take(self, judgement: Judgement) -> None:
        """What a page, or a big key, came to."""
        self.base_updates += judgement.base_updates
        self.named += judgement.named
        self.unexplained += judgement.unexplained
        self.totals.take(judgement)

    def take_keys(self) -> tuple[tuple[tuple[bytes, str], ...], tuple[bytes, ...]]:
        """The keys that were named, with the reasons, and the unexplained ones, since the last time."""
        named, self.named = self.named, []
        unexplained, self.unexplained = self.unexplained, []
        return tuple(named), tuple(unexplained)

    def take_base_updates(self) -> list[BaseUpdate]:
        """What was found equal since the last time."""
        base_updates, self.base_updates = self.base_updates, []
        return base_updates
