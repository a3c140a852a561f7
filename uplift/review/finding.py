"""One finding of a review, and the classes findings fall into, worst first."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from uplift.review.templates.differences import Change


class Impact(StrEnum):
    """What a change does to the running application, worst first."""

    DATA_LOSS = "data loss"
    OUTAGE = "outage"
    FAILS = "fails at deploy"
    SECURITY = "security"
    PROTECTION = "protection weakened"
    BEHAVIOUR = "behaviour change"
    HARMLESS = "harmless"

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return list(Impact).index(self)

    def is_above(self, other: Impact) -> bool:
        """Whether this is worse than `other`."""
        return self.rank < other.rank


def worst_of(impacts: Iterable[Impact]) -> Impact:
    """The worst of these classes; harmless where there is none."""
    return min(impacts, key=lambda impact: impact.rank, default=Impact.HARMLESS)


@dataclass(frozen=True, slots=True)
class Seconds:
    """How long clients are expected to be without their primary; `most` None: until somebody mends it."""

    least: int
    most: int | None

    def __str__(self) -> str:
        if self.most is None:
            return "until it is taken back"
        if self.most >= 120:
            return f"{self.least // 60 or 1} to {self.most // 60} min"
        return f"{self.least} to {self.most} s" if self.least < self.most else f"{self.most} s"


UNTIL_TAKEN_BACK = Seconds(0, None)


# Headlines that several rules share.
OPEN_TO_EVERYBODY = "open to everybody"
OPEN_TO_THE_INTERNET = "open to the internet"
MORE_IS_ALLOWED = "more is allowed"
WIDER = {direction: f"wider {direction}" for direction in ("ingress", "egress")}
NEW_SUBSCRIPTION = "a new subscription"
# What somebody may do, reach or hear; of a new stack that is read together.
PERMISSIONS = frozenset({MORE_IS_ALLOWED, NEW_SUBSCRIPTION, *WIDER.values()})


@dataclass(frozen=True, slots=True)
class Finding:
    """What one change does. `what` is a headline, `meaning` says why it matters, `action` what to do about it.

    `about` names the top-level properties and attributes whose differences this speaks for: what no finding is about is said by itself.
    `causes` are the resources this follows from, `follows` what follows from this; `where` says for which values of what is left open.
    """

    impact: Impact
    stack: str
    resource: str
    type: str
    what: str
    meaning: str
    action: str = ""
    outage: Seconds | None = None
    replaces: bool = False
    about: frozenset[str] = frozenset()
    causes: frozenset[str] = frozenset()
    follows: tuple[str, ...] = ()
    where: str = ""

    def saying(self, more: str) -> Finding:
        """The same finding with one sentence more."""
        return replace(self, meaning=f"{self.meaning} {more}".strip())


def finding_on(
    change: Change,
    impact: Impact,
    what: str,
    meaning: str,
    action: str = "",
    *,
    outage: Seconds | None = None,
    replaces: bool = False,
    about: Collection[str] = (),
) -> Finding:
    """A finding on the resource of a change."""
    return Finding(impact, change.stack, change.logical_id, change.type, what, meaning, action, outage, replaces, frozenset(about))
