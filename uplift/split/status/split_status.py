"""What a run says of itself: one typed value, from which text, JSON and pages are made."""

from __future__ import annotations

from dataclasses import dataclass, field

from pydantic import TypeAdapter, ValidationError

from uplift.errors import BadInput
from uplift.keyspace.follow.status import Status as FollowStatus
from uplift.split.record.stage import Phase, Side, Stage
from uplift.split.record.steps import Command, StoredStep, Unfinished

SCHEMA = "uplift.split.status/1"


@dataclass(frozen=True)
class CanStatus:
    """Whether a command would be done now, with the reasons against it, and what an operator should know."""

    is_allowed: bool
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class HandoverStatus:
    """`direction`: forward or back. `jobs` moved by this engine; `to_go`: what is left of this round, `seconds_left` at this rate."""

    direction: str
    jobs: int
    jobs_a_second: float
    rounds: int
    to_go: int
    seconds_left: float | None
    jobs_left: int
    is_done: bool
    is_settled: bool
    left: tuple[str, ...] = ()
    problem: str | None = None
    stopped: str | None = None


@dataclass(frozen=True)
class GateStatus:
    """As the gate says it. `instant` in seconds since 1970; `doubtful`: instances that nobody fired, or both sides may have."""

    phase: str | None
    direction: str | None
    instant: int | None
    reason: str
    is_over: bool
    is_silent: bool
    by_hand: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()


@dataclass(frozen=True)
class ClientStatus:
    """Somebody who still talks to a side that is being left."""

    server: str
    address: str
    name: str
    age_seconds: int
    idle_seconds: int
    command: str


@dataclass(frozen=True)
class WayBackStatus:
    """`why_not` it is open, for how many seconds it is as it is; `takes_seconds`: about as long as it would take, None: not known.
    `stays_behind`: keys of the new side that no rule describes, by pattern.
    """

    is_open: bool
    why_not: str | None
    seconds: float
    takes_seconds: float | None = None
    stays_behind: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class EngineStatus:
    """An engine that was heard lately."""

    engine: str
    is_leading: bool
    is_warm: bool
    version: str


@dataclass(frozen=True)
class CheckStatus:
    """One check of the preflight."""

    name: str
    verdict: str
    text: str


@dataclass(frozen=True)
class CanaryStatus:
    """A canary that went from one side to the other: how long it took, and how long ago it arrived; None: none has."""

    direction: str
    target: str
    seconds: float | None
    ago_seconds: float | None


@dataclass(frozen=True)
class SplitStatus:
    """`at` in seconds since 1970. `why`: what the phase waits for. `late`: what was written to legacy since the run was finished, by key
    pattern; `leases_lost`: how often this engine had to join anew.
    """

    at: float
    run: str
    engine: str
    version: str
    revision: int
    phase: Phase
    phase_seconds: float
    stage: Stage
    side: Side
    why: tuple[str, ...] = ()
    problem: str | None = None
    is_resumed: bool = False
    can: dict[str, CanStatus] = field(default_factory=dict)
    seconds_left: float | None = None
    checks: tuple[CheckStatus, ...] = ()
    follow: FollowStatus | None = None
    canaries: tuple[CanaryStatus, ...] = ()
    handover: HandoverStatus | None = None
    gate: GateStatus | None = None
    clients: tuple[ClientStatus, ...] = ()
    quiet_seconds: float | None = None
    way_back: WayBackStatus | None = None
    command: Command | None = None
    unfinished: Unfinished | None = None
    steps: tuple[StoredStep, ...] = ()
    settings: dict[str, float] = field(default_factory=dict)
    named: int = 0
    engines: tuple[EngineStatus, ...] = ()
    engines_used: int = 0
    reached: dict[str, float] = field(default_factory=dict)
    late: dict[str, int] = field(default_factory=dict)
    hook_failures: int = 0
    schema: str = SCHEMA


_AS_JSON = TypeAdapter(SplitStatus)


def status_as_json(status: SplitStatus) -> str:
    """One line."""
    return _AS_JSON.dump_json(status).decode()


def status_from(text: str, place: str) -> SplitStatus:
    """Read it. Raises BadInput naming the place and the field."""
    try:
        return _AS_JSON.validate_json(text)
    except ValidationError as problem:
        first = problem.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the whole file"
        raise BadInput(f"{place}: {where}: {first['msg']}, allowed: what `uplift split run` wrote ({SCHEMA})") from None
