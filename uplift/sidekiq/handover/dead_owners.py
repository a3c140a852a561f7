"""Whether the owner of a private queue is dead: its hash was missing at two looks at least a minute apart, and at every look between.

A heartbeat lives 60 s and is written every 5 to 10 s (Sidekiq, lib/sidekiq/launcher.rb): what misses for so long stands still or is gone.
"""

from __future__ import annotations

from dataclasses import dataclass, field

DEAD_SECONDS = 60.0


@dataclass(slots=True)
class DeadOwners:
    """`missing_since` by identity, in seconds of one clock."""

    seconds: float = DEAD_SECONDS
    missing_since: dict[bytes, float] = field(default_factory=dict)

    def look(self, now: float, owners: dict[bytes, bool]) -> None:
        """What a look found: by identity whether its hash is there."""
        self.missing_since = {owner: self.missing_since.get(owner, now) for owner, is_there in owners.items() if not is_there}

    def is_dead(self, owner: bytes, now: float) -> bool:
        """Whether it was missing for long enough."""
        since = self.missing_since.get(owner)
        return since is not None and now - since >= self.seconds
