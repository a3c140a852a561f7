"""The state that travels through the state machine: small, flat, and typed on both ends.

It stays far below the 256 KB a Step Functions state may hold: counts live in S3, only their keys are here.
"""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from uplift.inplace.records.observation import Observation, Role

RECOVERED_PREFIX = "uplift-recovered-"


class Next(StrEnum):
    """What the state machine does after a step; its Choice states know exactly these words."""

    CONTINUE = "continue"
    WAIT = "wait"
    OBSERVE = "observe"
    FINISH = "finish"
    BUSY = "busy"


class Outcome(StrEnum):
    """How a run, or a recovery, ended. The first four are successes."""

    UPGRADED = "upgraded"
    NOTHING_TO_DO = "nothing-to-do"
    DRY_RUN = "dry-run"
    RECOVERED = "recovered"
    REFUSED = "refused"
    FAILED = "failed"
    LOST = "lost"
    LOSS_SUSPECTED = "loss-suspected"
    UNPROVEN = "unproven"

    @property
    def succeeded(self) -> bool:
        """Whether nobody has to be woken."""
        return self in (Outcome.UPGRADED, Outcome.NOTHING_TO_DO, Outcome.DRY_RUN, Outcome.RECOVERED)

    @property
    def is_final(self) -> bool:
        """Whether another start has nothing left to do: the engine is where it was to go, or the run never touched it."""
        return self.succeeded or self in (Outcome.LOST, Outcome.LOSS_SUSPECTED)


class StateModel(BaseModel):
    """Base of what travels as JSON; a field nobody knows means two versions of the code meet, and is refused."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)


class CaughtError(StateModel):
    """What Step Functions' Catch writes."""

    Error: str
    Cause: str = ""

    @property
    def summary(self) -> str:
        """The error on one line, cut where a stack trace would begin."""
        return f"{self.Error}: {self.Cause[:300]}"


class NodeAddress(StateModel):
    """Where the data function finds one node; `tls` None: as legacy has it."""

    id: str
    host: str
    port: int
    is_replica: bool
    tls: bool | None = None


class ProbeResult(StateModel):
    """What the data function saw: every node asked for INFO, the token read, an object written to the report bucket and read back.

    The three problems are empty where all went well.
    """

    reachable: bool
    problem: str = ""
    token_problem: str = ""
    bucket_problem: str = ""
    memory_percent: int | None = None
    replica_lag_seconds: int | None = None
    replica_links_up: bool = True


class CensusProgress(StateModel):
    """How far a census has come: finished pages are in S3."""

    pages: int = 0
    database_index: int = 0
    cursor: int = 0
    keys: int = 0
    cold_keys: int = 0
    done: bool = False


class CheckProgress(StateModel):
    """How far a check of cold keys has come: one page of results in S3 for each page of cold keys.

    `evicted` and `expired` are the primary's own counters at the end of the check; `primary` names its process.
    """

    pages: int = 0
    keys: int = 0
    done: bool = False
    primary: str = ""
    evicted: int = 0
    expired: int = 0


class RunState(StateModel):
    """One run, from lock to unlock; or one recovery of a run, whose documents have `suffix` at the end of their names."""

    suffix: str = ""
    recovered_group: str = ""
    dry_run: bool = False
    trigger: str = "by hand"
    scheduled_time: str = ""
    next: Next = Next.CONTINUE
    reason: str = ""
    outcome: Outcome | None = None
    run_key: str = ""
    run_id: str = ""
    plan: str = ""
    started_at: int = 0
    version_before: str = ""
    version_after: str = ""
    failover_before: bool = False
    snapshot_name: str = ""
    snapshot_size: str = ""
    modify_requested_at: int = 0
    agreeing_reads: int = 0
    observations: int = 0
    nodes: list[NodeAddress] = Field(default_factory=list)
    probe: ProbeResult | None = None
    findings: list[str] = Field(default_factory=list)
    census_before: CensusProgress = Field(default_factory=CensusProgress)
    measure: CheckProgress = Field(default_factory=CheckProgress)
    census_after: CensusProgress = Field(default_factory=CensusProgress)
    compare: CheckProgress = Field(default_factory=CheckProgress)
    failure: CaughtError | None = None
    modify_trouble: CaughtError | None = None
    observe_trouble: CaughtError | None = None
    proof_trouble: CaughtError | None = None
    report_trouble: CaughtError | None = None
    report_key: str = ""

    @property
    def census_node(self) -> NodeAddress:
        """The node a census reads: a replica where there is one."""
        replicas = [node for node in self.nodes if node.is_replica]
        return (replicas or self.nodes)[0]

    @property
    def primary_node(self) -> NodeAddress:
        """The node that takes writes."""
        primaries = [node for node in self.nodes if not node.is_replica]
        return (primaries or self.nodes)[0]


class Step(StrEnum):
    """The steps of the state machines; `control` does the first group, `data` the second, `recovery` the third."""

    LOCK = "lock"
    PREFLIGHT = "preflight"
    SNAPSHOT = "snapshot"
    RECHECK = "recheck"
    MODIFY = "modify"
    OBSERVE = "observe"
    REPORT = "report"
    UNLOCK = "unlock"
    PROBE = "probe"
    CENSUS_BEFORE = "census-before"
    MEASURE = "measure"
    CENSUS_AFTER = "census-after"
    COMPARE = "compare"
    RESTORE = "restore"
    OBSERVE_RESTORED = "observe-restored"
    LOOK_AT_LEGACY = "look-at-legacy"
    REPORT_RECOVERY = "report-recovery"


class StepEvent(StateModel):
    """What the state machine hands to a function; `entered` is when it entered the state, by its own clock (RFC 3339)."""

    step: Step
    execution: str
    entered: str = ""
    state: RunState


def finished(state: RunState, outcome: Outcome, reason: str) -> RunState:
    """The run ends here: on to the report."""
    state.outcome, state.reason, state.next = outcome, reason, Next.FINISH
    return state


def addresses(observation: Observation) -> list[NodeAddress]:
    """Where the data function finds the nodes."""
    return [NodeAddress(id=m.id, host=m.host, port=m.port, is_replica=m.role is Role.REPLICA) for m in observation.members]
