"""What can become what: the engine change from one version to another."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from uplift.engines.catalogue import Engine, EngineVersion

# User guide, "How to upgrade engine versions": the one step from Valkey to Redis.
_WAY_BACK = (Engine.VALKEY, (7, 2), Engine.REDIS, (7, 1))


class Change(StrEnum):
    """What kind of change lies between two versions."""

    NONE = "none"
    UPGRADE = "upgrade"
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True, slots=True)
class EngineChange:
    """The decision on one pair of versions, with its reason in words."""

    change: Change
    reason: str


def change_between(source: EngineVersion, target: EngineVersion, *, standalone: bool = False) -> EngineChange:
    """Decide whether ElastiCache takes `source` to `target` in one step.

    Jumps over versions are allowed and there is no way down (user guide, "Version Management for ElastiCache").
    A standalone cluster cannot become Valkey without a replication group around it.
    """
    if source == target:
        return EngineChange(Change.NONE, f"already {target}")
    if not target.creatable:
        return EngineChange(Change.IMPOSSIBLE, f"{target} can no longer be asked for")
    if (source.engine, source.number, target.engine, target.number) == _WAY_BACK:
        return EngineChange(Change.UPGRADE, f"{source} becomes {target} in one step, the one way back from Valkey")
    if source.engine is Engine.VALKEY and target.engine is Engine.REDIS:
        return EngineChange(Change.IMPOSSIBLE, f"{source} cannot become {target}: there is no way back from Valkey to Redis")
    if source.engine is not target.engine:
        return _to_valkey(source, target, standalone)
    if target.number < source.number:
        return EngineChange(Change.IMPOSSIBLE, f"{source} cannot become {target}: ElastiCache never downgrades")
    return EngineChange(Change.UPGRADE, f"{source} becomes {target} in one step")


def _to_valkey(source: EngineVersion, target: EngineVersion, standalone: bool) -> EngineChange:
    if standalone:
        return EngineChange(Change.IMPOSSIBLE, f"a standalone cluster cannot become {target}: put it into a replication group first")
    return EngineChange(Change.UPGRADE, f"{source} becomes {target} in one step, an engine change")
