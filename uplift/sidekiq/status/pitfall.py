"""Something that goes wrong in a move of Sidekiq, where it applies: said in the words of an operator, with what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PitfallKind(StrEnum):
    """Which one."""

    NOTHING_HERE = "nothing of Sidekiq's"
    SAME_SERVER = "both sides are one server"
    REPLICA = "a replica"
    NO_PROCESS = "no live process"
    KILLED = "a killed process"
    QUIET = "a quiet process"
    LATE_BEAT = "a late heartbeat"
    PAUSED = "a paused queue"
    DEAD_OWNER = "jobs of a dead owner"
    NO_OWNER = "jobs of an owner nobody knows"
    NOT_LISTED = "a queue nobody works on"
    FAR_DUE = "jobs due far ahead"
    BATCHES = "open batches"
    LOCKS = "unique locks"
    FOREIGN_LOCKS = "sidekiq-unique-jobs"
    FOREIGN_FETCH = "GitLab's reliable fetch"
    EVICTION = "keys may be evicted"
    PERIODIC = "Enterprise periodic jobs"
    TWO_SCHEDULERS = "two schedulers"
    LIMITERS = "limiters"
    ITERATION = "iterable jobs"
    UNKNOWN_KEYS = "unknown keys"
    WRONG_TYPE = "a key of another type"
    ENGINE_VERSION = "engine and Sidekiq"
    UNDER_WAY = "a handover under way"
    CUT_OFF = "more than is looked at"


@dataclass(frozen=True, slots=True)
class Pitfall:
    """`side`: `from`, `to` or `both`. `text`: what is so; `advice`: what to do."""

    kind: PitfallKind
    side: str
    text: str
    advice: str
