"""Which page says what to do when an alarm rings."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Runbook(StrEnum):
    """The pages in docs/runbooks/."""

    UPGRADE_FAILED = "upgrade-failed.md"
    UPGRADE_TOO_LONG = "upgrade-too-long.md"
    UPGRADE_NOT_STARTED = "upgrade-not-started.md"
    GROUP_ALARMS = "group-alarms.md"


@dataclass(frozen=True, slots=True)
class Runbooks:
    """Where the pages can be read: `url` without a slash at its end, None where only the repository has them."""

    url: str | None

    def description(self, text: str, runbook: Runbook) -> str:
        """An alarm's description: what has happened, and the page."""
        return f"{text}. Runbook: {self.url or 'docs/runbooks'}/{runbook}"
