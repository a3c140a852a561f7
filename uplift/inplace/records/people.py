"""Who would hear of a run: what SNS says of the topics' subscriptions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class People:
    """Subscriptions of all topics of `upgrade.notify`: how many were confirmed, and the addresses that still have to."""

    confirmed: int
    pending: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """One line for people."""
        waiting = f"; not confirmed yet, so they hear nothing: {', '.join(self.pending)}" if self.pending else ""
        return f"{self.confirmed} confirmed subscription(s) hear of this{waiting}"
