"""Node types: which there are, which engine each family needs, and where new groups get them.

Sources: ElastiCache user guide, "Supported node types", and API reference, CacheNode; a test holds the sizes against AWS's price list.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from uplift.engines.node_regions import is_offered

_NODE_TYPE = re.compile(r"cache\.([a-z0-9]+)\.([a-z0-9]+)")
_GOVCLOUD = "us-gov-west-1"


@dataclass(frozen=True, slots=True)
class NodeFamily:
    """One family of node types that new groups can have; `oldest_redis` is the first version it runs.

    Redis and Valkey have one line of numbers: Redis ends at 7.1, Valkey begins at 7.2.
    """

    name: str
    oldest_redis: tuple[int, ...]
    sizes: tuple[str, ...]
    has_data_tiering: bool = False

    @property
    def in_govcloud(self) -> bool:
        """Whether GovCloud offers it; both its regions offer the same."""
        return is_offered(self.name, _GOVCLOUD)

    @property
    def needs(self) -> str:
        """The first version that it runs, in words."""
        engine = "Valkey" if self.oldest_redis >= (7, 2) else "Redis"
        return f"{engine} {'.'.join(map(str, self.oldest_redis))}"


_SMALL = ("micro", "small", "medium")
_UP_TO_4 = ("large", "xlarge", "2xlarge", "4xlarge")
_UP_TO_24 = (*_UP_TO_4, "12xlarge", "24xlarge")
_GRAVITON = (*_UP_TO_4, "8xlarge", "12xlarge", "16xlarge")

FAMILIES: Mapping[str, NodeFamily] = {
    family.name: family
    for family in (
        NodeFamily("t3", (3, 2, 4), _SMALL),
        NodeFamily("t4g", (5, 0, 6), _SMALL),
        NodeFamily("m4", (3, 2, 4), (*_UP_TO_4, "10xlarge")),
        NodeFamily("m5", (3, 2, 4), _UP_TO_24),
        NodeFamily("r4", (3, 2, 4), (*_UP_TO_4, "8xlarge", "16xlarge")),
        NodeFamily("r5", (3, 2, 4), _UP_TO_24),
        NodeFamily("m6g", (5, 0, 6), _GRAVITON),
        NodeFamily("r6g", (5, 0, 6), _GRAVITON),
        NodeFamily("m7g", (6, 2), _GRAVITON),
        NodeFamily("r7g", (6, 2), _GRAVITON),
        NodeFamily("c7gn", (6, 2), _GRAVITON),
        NodeFamily("r6gd", (6, 2), _GRAVITON[1:], has_data_tiering=True),
        NodeFamily("m8g", (7, 2), _GRAVITON),
        NodeFamily("r8g", (7, 2), _GRAVITON),
        NodeFamily("c8gn", (7, 2), _GRAVITON),
    )
}
# Nodes that exist and that nobody gets any more (user guide, "Supported node types": previous generation, and T2, which "can no longer be
# created").
_NO_LONGER_MADE: Mapping[str, tuple[str, ...]] = {
    "t1": ("micro",),
    "t2": _SMALL,
    "m1": ("small", "medium", "large", "xlarge"),
    "m2": ("xlarge", "2xlarge", "4xlarge"),
    "m3": ("medium", "large", "xlarge", "2xlarge"),
    "c1": ("xlarge",),
    "r3": (*_UP_TO_4, "8xlarge"),
}

_SUCCESSORS = {"t3": "t4g", "m5": "m6g", "r5": "r6g"}


def node_type_exists(node_type: str) -> bool:
    """Whether ElastiCache has, or had, nodes of this type."""
    match = _NODE_TYPE.fullmatch(node_type)
    return match is not None and match[2] in _sizes_of(match[1])


def family_of(node_type: str) -> NodeFamily | None:
    """The family of a type such as `cache.r5.large`; None when it is not a type new groups may use."""
    match = _NODE_TYPE.fullmatch(node_type)
    family = FAMILIES.get(match[1]) if match else None
    return family if match is not None and family is not None and match[2] in family.sizes else None


def usable_families(version: tuple[int, ...], *, region: str = _GOVCLOUD) -> tuple[str, ...]:
    """The families that run `version` and are offered in `region`, in the order of this file; without a region in GovCloud."""
    return tuple(
        name
        for name, family in FAMILIES.items()
        if version >= family.oldest_redis and is_offered(name, region) and not family.has_data_tiering
    )


def why_not_creatable(node_type: str, version: tuple[int, ...], *, region: str | None = None) -> str:
    """Why a new group of this version cannot have such nodes, in this region where one is named; empty where it can."""
    family = family_of(node_type)
    if family is None:
        return f"{node_type} is none of the node types that new groups get: {_why_none(node_type)}"
    if version < family.oldest_redis:
        return f"{node_type} needs {family.needs} or newer"
    if family.has_data_tiering:
        return f"{node_type} keeps part of its data on a disk (data tiering), which no group here turns on"
    if region is not None and not is_offered(family.name, region):
        return f"{node_type} is not offered in {region}"
    return ""


def _sizes_of(family: str) -> tuple[str, ...]:
    return FAMILIES[family].sizes if family in FAMILIES else _NO_LONGER_MADE.get(family, ())


def _why_none(node_type: str) -> str:
    match = _NODE_TYPE.fullmatch(node_type)
    if match is not None and match[2] in _sizes_of(match[1]):
        return f"ElastiCache still has {match[1]}, and makes no new nodes of it"
    if match is not None and _sizes_of(match[1]):
        return f"{match[1]} has {', '.join(_sizes_of(match[1]))}"
    every = [f"cache.{family}.{size}" for family in FAMILIES for size in FAMILIES[family].sizes]
    near = get_close_matches(node_type.lower(), every, n=1, cutoff=0.7)
    return f"ElastiCache has no such type{f', did you mean {near[0]}?' if near else ''}"


def newer_family_of(node_type: str, version: tuple[int, ...], *, in_govcloud: bool) -> str:
    """The same size in the family that followed, where that runs `version` in the same place; empty where there is none.

    Both have the same maxmemory (ElastiCache user guide, "Redis OSS node-type specific parameters").
    """
    match = _NODE_TYPE.fullmatch(node_type)
    newer = FAMILIES.get(_SUCCESSORS.get(match[1], "")) if match else None
    if match is None or newer is None or version < newer.oldest_redis or match[2] not in newer.sizes:
        return ""
    return f"cache.{newer.name}.{match[2]}" if newer.in_govcloud or not in_govcloud else ""


def takes_snapshots(node_type: str) -> bool:
    """`cache.t1.micro` alone has no snapshots (API reference, CreateSnapshot)."""
    return node_type != "cache.t1.micro"
