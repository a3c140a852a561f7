"""Node types: which engine each family needs, and where it is offered.

Sources: ElastiCache user guide, "Supported node types"; registry schemas of
2026-10-20 for the list of us-gov-west-1. A family that is not listed here is refused, never guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_NODE_TYPE = re.compile(r"cache\.([a-z0-9]+)\.([a-z0-9]+)")


@dataclass(frozen=True, slots=True)
class NodeFamily:
    """One family of node types; `oldest_redis` is the first Redis version it runs."""

    name: str
    oldest_redis: tuple[int, ...]
    in_govcloud: bool


_FAMILIES: dict[str, NodeFamily] = {
    family.name: family
    for family in (
        NodeFamily("t3", (3, 2, 4), in_govcloud=True),
        NodeFamily("t4g", (5, 0, 6), in_govcloud=True),
        NodeFamily("m4", (3, 2, 4), in_govcloud=False),
        NodeFamily("m5", (3, 2, 4), in_govcloud=True),
        NodeFamily("r4", (3, 2, 4), in_govcloud=True),
        NodeFamily("r5", (3, 2, 4), in_govcloud=True),
        NodeFamily("m6g", (5, 0, 6), in_govcloud=True),
        NodeFamily("r6g", (5, 0, 6), in_govcloud=True),
        NodeFamily("m7g", (6, 2), in_govcloud=True),
        NodeFamily("r7g", (6, 2), in_govcloud=True),
    )
}


_SUCCESSORS = {"t3": "t4g", "m5": "m6g", "r5": "r6g"}
_SIZES_WITHOUT_SUCCESSOR = {"24xlarge"}


def family_of(node_type: str) -> NodeFamily | None:
    """The family of a type such as `cache.r5.large`; None when it is not a type new groups may use."""
    match = _NODE_TYPE.fullmatch(node_type)
    return _FAMILIES.get(match[1]) if match else None


def usable_families(version: tuple[int, ...]) -> tuple[str, ...]:
    """The families that run `version`, in the order of this file."""
    return tuple(name for name, family in _FAMILIES.items() if version >= family.oldest_redis)


def why_not_creatable(node_type: str, version: tuple[int, ...]) -> str:
    """Why a new group of this Redis version cannot have such nodes; empty where it can."""
    family = family_of(node_type)
    if family is None:
        return f"{node_type} is none of the node types that new groups get (engines/nodes.py)"
    if version < family.oldest_redis:
        return f"{node_type} needs Redis {'.'.join(map(str, family.oldest_redis))}"
    return ""


def newer_family_of(node_type: str, version: tuple[int, ...], *, in_govcloud: bool) -> str:
    """The same size in the family that followed, where that runs `version` in the same place; empty where there is none.

    Both have the same maxmemory (ElastiCache user guide, "Redis OSS node-type specific parameters").
    """
    match = _NODE_TYPE.fullmatch(node_type)
    newer = _FAMILIES.get(_SUCCESSORS.get(match[1], "")) if match else None
    if match is None or newer is None or version < newer.oldest_redis or match[2] in _SIZES_WITHOUT_SUCCESSOR:
        return ""
    return f"cache.{newer.name}.{match[2]}" if newer.in_govcloud or not in_govcloud else ""


def takes_snapshots(node_type: str) -> bool:
    """`cache.t1.micro` alone has no snapshots (API reference, CreateSnapshot)."""
    return node_type != "cache.t1.micro"
