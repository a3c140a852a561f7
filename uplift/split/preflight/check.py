"""What a check says, and where a split would run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from uplift.keyspace.keymap.model import Action, KeyMap
from uplift.keyspace.server.endpoint import Endpoint
from uplift.keyspace.server.facts import ServerFacts
from uplift.keyspace.server.source_and_targets import TargetUrl

LEGACY = "legacy"


class Verdict(StrEnum):
    """REFUSED: the split does not begin."""

    FINE = "fine"
    WARNING = "warning"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Check:
    """`name` of what was looked at; `text`: what was found, and for a refusal what is expected and what to do."""

    name: str
    verdict: Verdict
    text: str


@dataclass(frozen=True, slots=True)
class Checks:
    """All of them, in the order in which they were made."""

    checks: tuple[Check, ...]

    def of(self, verdict: Verdict) -> tuple[Check, ...]:
        """Those of one verdict."""
        return tuple(check for check in self.checks if check.verdict is verdict)

    @property
    def is_refused(self) -> bool:
        """Whether one of them refuses."""
        return bool(self.of(Verdict.REFUSED))


@dataclass(frozen=True, slots=True)
class PreflightRequest:
    """Everything a preflight is asked for. `databases` empty: all that hold keys on legacy. `has_begun`: a run of this state directory has
    written to the servers before, and `own_handovers` are the names of its handovers. `clock_tolerance` in ms.
    """

    source: Endpoint
    targets: tuple[TargetUrl, ...]
    keymap: KeyMap
    databases: tuple[int, ...] = ()
    has_begun: bool = False
    own_handovers: frozenset[str] = frozenset()
    has_standby: bool = False
    allowed_clients: tuple[str, ...] = ()
    clock_tolerance: int = 1000

    @property
    def handed_over(self) -> frozenset[str]:
        """The names of the targets whose jobs a handover moves."""
        moved = {rule.to for rule in self.keymap.rules if rule.action is Action.HANDOVER}
        return frozenset(target.name for target in self.targets if target.name in moved)


@dataclass(frozen=True, slots=True)
class ServerSide:
    """One server as it was found. `clock_ahead`: of this machine's clock, in ms."""

    name: str
    endpoint: Endpoint
    facts: ServerFacts
    clock_ahead: float
    is_for_jobs: bool = False

    def __str__(self) -> str:
        """For a person."""
        return f"{self.name} ({self.endpoint})"


def judged(name: str, refused: list[str], warned: list[str], fine: str) -> list[Check]:
    """A check a reason; where there is none, the one that says it is fine."""
    found = [Check(name, Verdict.REFUSED, text) for text in refused] + [Check(name, Verdict.WARNING, text) for text in warned]
    return found or [Check(name, Verdict.FINE, fine)]
