"""What a group asks for, as far as its template says it: None is what only the deploy knows, and nothing is refused because of it."""

from __future__ import annotations

from uplift.engines.catalogue import Engine, EngineVersion
from uplift.review.group.view import GroupView
from uplift.review.templates.known_values import is_open, known_number, known_text, truth

_CLUSTER_ON = ".cluster.on"
_MODES_WITH_SHARDS = frozenset({"enabled", "compatible"})


def is_known(text: str) -> bool:
    """Whether a text of a view is what is written, and no reference, expression or dynamic reference in words."""
    return not text.startswith(("<", "{")) and not is_open(text)


def text(group: GroupView, name: str) -> str | None:
    """A property as text; None where it is not set or not known."""
    return known_text(group.resource.property(name))


def number(group: GroupView, name: str) -> float | None:
    """A property as a number; None where it is not set or not known."""
    return known_number(group.resource.property(name))


def is_set(group: GroupView, name: str) -> bool:
    """Whether a property has a value, known or not."""
    return group.resource.property(name) not in (None, "", [])


def flag(group: GroupView, name: str) -> bool | None:
    """A flag, which is off where it is not set (registry schema)."""
    return truth(group.resource.property(name))


def engine(group: GroupView) -> str | None:
    """The engine's name; redis where none is named."""
    if group.resource.property("Engine") is None:
        return "redis"
    found = known_text(group.resource.property("Engine"))
    return None if found is None else found.lower()


def version(group: GroupView) -> EngineVersion | None:
    """The version, where engine and version are known and are ElastiCache's."""
    return group.version if engine(group) in {str(one) for one in Engine} else None


def lacks(group: GroupView, redis_since: tuple[int, ...]) -> bool:
    """Whether the group is known to be older than what a feature needs; every Valkey has what Redis 7.1 has."""
    found = version(group)
    return found is not None and found.engine is Engine.REDIS and found.number < redis_since


def mode(group: GroupView) -> str | None:
    """`ClusterMode` in small letters; None where it is not set or not known."""
    found = text(group, "ClusterMode")
    return None if found is None else found.lower()


def has_shards(group: GroupView) -> bool | None:
    """Whether it runs in cluster mode; None where that is not known."""
    if mode(group) is not None:
        return mode(group) in _MODES_WITH_SHARDS
    shards = number(group, "NumNodeGroups")
    parameters = text(group, "CacheParameterGroupName") or ""
    own = group.parameters.values.get("cluster-enabled", "") if group.parameters is not None else ""
    if (shards is not None and shards > 1) or parameters.endswith(_CLUSTER_ON) or own == "yes":
        return True
    is_left_open = is_set(group, "ClusterMode") or (is_set(group, "NumNodeGroups") and shards is None) or not is_known(own)
    return None if is_left_open or is_set(group, "NodeGroupConfiguration") else False


def cluster_enabled(group: GroupView) -> str | None:
    """The parameter `cluster-enabled`, which AWS's own groups say in their name; None where it is not known."""
    name = text(group, "CacheParameterGroupName")
    if name is not None and name.startswith("default."):
        return "yes" if name.endswith(_CLUSTER_ON) else "no"
    if group.parameters is None:
        return None
    value = group.parameters.values.get("cluster-enabled", "no")
    return value if is_known(value) else None
