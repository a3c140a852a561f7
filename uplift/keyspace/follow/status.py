"""What a follow says of itself: one typed value, from which text, JSON and pages are made."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from uplift.errors import BadInput
from uplift.keyspace.follow.phase import Phase

SCHEMA = "uplift.follow.status/1"


@dataclass(frozen=True)
class LagStatus:
    """In ms, over the last ten seconds; None: nothing was told."""

    p50_ms: float | None = None
    p99_ms: float | None = None


@dataclass(frozen=True)
class CopyStatus:
    """The copy a follow begins with: what it does, and how many keys of how many."""

    doing: str
    done: int
    total: int
    keys_a_second: float
    seconds_left: float | None


@dataclass(frozen=True)
class PassStatus:
    """The reconciling pass of all databases. `share`: the part of the time it may take; `cycle_seconds`: of the latest whole one.

    `seen` of `keys` names were looked at in the one under way; `seconds_left` None: not known, or none is under way.
    """

    whole: int
    is_running: bool
    share: float
    cycle_seconds: float | None
    seen: int
    keys: int
    seconds_left: float | None
    differing: int
    unexplained: int


@dataclass(frozen=True)
class GapStatus:
    """Where events may have been missed. `open`: the servers that have one now; `since`: for how many seconds the oldest is open."""

    open: tuple[str, ...] = ()
    count: int = 0
    seconds: float | None = None


@dataclass(frozen=True)
class DifferenceStatus:
    """Keys that are not known to be equal. IN FLIGHT: told of a moment ago; LASTING: waiting for longer than a few seconds; NEVER STILL:
    changed again at every look. `oldest_seconds`: how long the oldest waits, at least.
    """

    in_flight: int = 0
    lasting: int = 0
    never_still: int = 0
    oldest_seconds: float = 0.0

    @property
    def all(self) -> int:
        """Of every class."""
        return self.in_flight + self.lasting + self.never_still


@dataclass(frozen=True)
class ThrottleStatus:
    """What slows the follow down: a limit and what was measured against it, in ms, and for how many seconds."""

    by: str
    limit: float
    measured: float
    seconds: float


@dataclass(frozen=True)
class StandbyStatus:
    """Engines that stand by, as far as they say so, and how many of them could take over without a gap."""

    present: int = 0
    warm: int = 0


@dataclass(frozen=True)
class WayBackStatus:
    """Whether what an application writes to a target arrives on the source; where not, why, and for how many seconds."""

    is_open: bool
    why_not: str | None
    seconds: float


@dataclass(frozen=True)
class ForeignWriter:
    """Somebody else who wrote to a target while the follow goes one way."""

    server: str
    client: str
    events: int


@dataclass(frozen=True)
class SettingStatus:
    """What may be set while it runs, in its own unit, and in how many seconds it goes back by itself (None: it stays)."""

    name: str
    value: float
    seconds_left: float | None


@dataclass(frozen=True)
class Status:
    """`at`: when, in seconds since 1970. `engine`: the process, `run`: the state directory it belongs to. `revision` grows with everything
    that is decided for the run: a request names the one that its author saw.

    `lease`: who may write, as far as this engine knows. `why`: of a phase that is not as one wants it. `proof_seconds`: how long ago the
    pass ended that proves the state. `not_followed`: databases that came into use since the run began. `left` and `named` by reason;
    `labels`: keys that were named, some of them, with the reason. `not_described`: names on targets that no rule describes, and which stay
    there; `not_described_patterns`: how many of each pattern, the fifty with the most.
    """

    at: float
    run: str
    engine: str
    process: int
    revision: int
    phase: Phase
    phase_seconds: float
    is_resumed: bool
    is_two_way: bool
    authority: str
    lease: str | None
    why: str | None = None
    not_in_sync: str | None = None
    in_sync_seconds: float | None = None
    proof_seconds: float | None = None
    seconds_left: float | None = None
    databases: tuple[int, ...] = ()
    not_followed: tuple[int, ...] = ()
    lag: LagStatus = LagStatus()
    events_a_second: float = 0.0
    keys_a_second: float = 0.0
    dirty: int = 0
    copy: CopyStatus | None = None
    reconciling: PassStatus | None = None
    gaps: GapStatus = GapStatus()
    differences: DifferenceStatus = DifferenceStatus()
    conflicts: dict[str, int] = field(default_factory=dict)
    named: dict[str, int] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)
    not_described: int = 0
    not_described_patterns: dict[str, int] = field(default_factory=dict)
    throttled: ThrottleStatus | None = None
    standby: StandbyStatus = StandbyStatus()
    way_back: WayBackStatus | None = None
    foreign_writers: tuple[ForeignWriter, ...] = ()
    settings: tuple[SettingStatus, ...] = ()
    schema: str = SCHEMA

    @property
    def named_keys(self) -> int:
        """How many keys are named; any makes the exit code 1."""
        return sum(self.named.values())


_AS_JSON = TypeAdapter(Status)


def status_as_json(status: Status) -> str:
    """One line."""
    return _AS_JSON.dump_json(status).decode()


def read_status(path: Path) -> Status | None:
    """What an engine wrote; None where none did. Raises BadInput for a file that is no status."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as problem:
        raise BadInput(f"{path}: {problem.strerror}, allowed: a file that `uplift follow run` wrote") from None
    try:
        return _AS_JSON.validate_json(text)
    except ValidationError as problem:
        first = problem.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the whole file"
        raise BadInput(f"{path}: {place}: {first['msg']}, allowed: a file that `uplift follow run` wrote ({SCHEMA})") from None
