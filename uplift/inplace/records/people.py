"""Who would hear of a run: what SNS says of the topics' subscriptions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class People:
    """Subscriptions of all topics of `upgrade.notify`: how many were confirmed, and the addresses that still have to.

    `problem`: why a topic could not be asked; empty where all could.
    """

    confirmed: int
    pending: tuple[str, ...] = ()
    problem: str = ""

    @property
    def summary(self) -> str:
        """One line for people."""
        waiting = f"; not confirmed yet, so they hear nothing: {', '.join(self.pending)}" if self.pending else ""
        unknown = f"; not known of all: {self.problem}" if self.problem else ""
        return f"{self.confirmed} confirmed subscription(s) hear of this{waiting}{unknown}"
