"""Faults somebody switched on for this run. Each is something ElastiCache, AWS or a function's host can do."""

from __future__ import annotations

KNOWN_FAULTS = {
    "async-loss": "the last 200 ms of acknowledged writes are lost at the promotion",
    "schedule-twice": "the schedule fires twice, shortly one after the other",
    "die-after-modify": "the function dies after ElastiCache accepted the modify, before it could say so",
    "throttling": "every third ElastiCache call of the functions is throttled",
    "data-lost": "the node that is promoted lacks every tenth key",
    "evicting": "the new primary has too little memory and evicts keys",
    "snapshot-fails": "the snapshot ends as failed",
    "snapshot-never-ends": "the snapshot stays creating",
    "snapshot-quota": "CreateSnapshot answers that 20 snapshots a node in 24 hours are used up",
    "mixed-versions": "the last node keeps the old engine",
    "upgrade-refused-later": "the modify is accepted, then only an event says that it was refused",
    "family-refused": "the modify is refused for its parameter group's family",
    "modify-lost": "the modify never reaches ElastiCache: the connection breaks",
    "node-broken": "a node ends in status incompatible-network",
    "parameters-pending": "the new parameter group waits for a reboot",
    "failover-off-after": "automatic failover is off after the upgrade",
    "unreachable-after-modify": "no node answers after the upgrade",
    "service-update": "a service update is in progress",
    "bucket-unwritable": "the report bucket refuses every object",
    "bucket-unwritable-after-modify": "the report bucket refuses every object once the modify was sent",
    "topic-deleted": "the topic for people does not exist",
    "topic-deleted-after-modify": "the topic for people does not exist once the modify was sent",
    "nobody-confirmed": "nobody has confirmed a subscription of a topic",
    "unsubscribed": "everybody has unsubscribed from the topics",
    "no-s3-in-vpc": "the data function does not reach S3: the gateway endpoint is missing",
    "backup-in-census": "a backup of legacy has begun when the run's snapshot is asked for",
    "clock-wrong": "the functions' clock is two hours ahead",
}
_OF_STEPS = ("die-before-", "die-in-", "hold-", "503-after-", "cut-after-")


class Faults:
    """The faults of this run, those above and those of a function's step; deaths strike once.

    `die-before-STEP`: the function's process dies as soon as it gets the step; `die-in-STEP`: it dies having done it, before it answers.
    `hold-STEP`: its answer is kept back as long as the fault is on. `503-after-ACTION`: a call is taken and answered with 503, once;
    `cut-after-ACTION`: it is taken and the connection cut instead of an answer.
    """

    def __init__(self, names: list[str]) -> None:
        self._names = set(names)
        self._calls = 0
        self.modified = False

    def set(self, names: list[str]) -> None:
        """Switch on exactly these."""
        unknown = [name for name in names if name not in KNOWN_FAULTS and not name.startswith(_OF_STEPS)]
        if unknown:
            raise ValueError(f"no such fault: {', '.join(unknown)}")
        self._names = set(names)
        self.modified = False

    def is_on(self, name: str) -> bool:
        """Whether a fault is switched on; one that ends in `-after-modify` has to wait for the modify."""
        return name in self._names or (self.modified and f"{name}-after-modify" in self._names)

    def strikes_once(self, name: str) -> bool:
        """Whether a fault is on; it is off from then on."""
        if name not in self._names:
            return False
        self._names.discard(name)
        return True

    def throttles_this_call(self) -> bool:
        """Whether this ElastiCache call is one of every third."""
        if not self.is_on("throttling"):
            return False
        self._calls += 1
        return self._calls % 3 == 0
