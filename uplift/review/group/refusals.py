"""Why ElastiCache would refuse a replication group as its template describes it: the reasons a deploy fails."""

from __future__ import annotations

from collections.abc import Iterator

from uplift.engines.parameters import FAMILIES_OF_ELASTICACHE, Changeable, known_family, parameter_family
from uplift.review.group.asked import cluster_enabled, is_known, is_set
from uplift.review.group.refusal import Refusal, about
from uplift.review.group.refused_encryption import refused_encryption
from uplift.review.group.refused_features import refused_features
from uplift.review.group.refused_nodes import refused_nodes
from uplift.review.group.refused_versions import refused_versions
from uplift.review.group.view import GroupView, ParameterGroupView

_PARAMETERS = about("CacheParameterGroupName")
_SHARDS = "cluster-enabled"


def refusals(before: GroupView | None, after: GroupView, *, region: str) -> Iterator[Refusal]:
    """Every reason why this group cannot become, or be made, what head says. `before` None: it is new."""
    yield from refused_versions(before, after)
    yield from refused_nodes(before, after, region=region)
    yield from refused_encryption(before, after, region=region)
    yield from refused_features(after)
    yield from _fixed_parameters(before, after)
    if after.parameters is not None:
        yield from parameter_refusals(after.parameters)


def _fixed_parameters(before: GroupView | None, after: GroupView) -> Iterator[Refusal]:
    """`databases` and its like must stay what they are for a group that exists (user guide, "Redis OSS-specific parameters")."""
    if before is None or before.parameters is None or after.parameters is None or not known_family(after.parameters.family):
        return
    for name, parameter in parameter_family(after.parameters.family).by_name.items():
        if parameter.changeable is not Changeable.BEFORE_USE:
            continue
        if name == _SHARDS:
            old, new = cluster_enabled(before), cluster_enabled(after)
            if is_set(after, "ClusterMode"):
                continue
        else:
            old, new = (side.values.get(name, parameter.default) for side in (before.parameters, after.parameters))
        if old is not None and new is not None and old != new and is_known(old) and is_known(new):
            yield Refusal(f"{name}: {old} → {new}", "it cannot change once nodes use the group", f"keep {name} at {old}", _PARAMETERS)


def parameter_refusals(parameters: ParameterGroupView) -> Iterator[Refusal]:
    """Parameters that do not exist in their family, or cannot have their value; nothing of families that no group of ours has."""
    family = parameters.family
    if not family or not is_known(family):
        return
    if family not in FAMILIES_OF_ELASTICACHE:
        allowed = f"allowed: {', '.join(FAMILIES_OF_ELASTICACHE)}"
        yield Refusal(f"family {family}", "ElastiCache has no such family", allowed, about("CacheParameterGroupFamily"))
    elif known_family(family):
        known = {name: value for name, value in parameters.values.items() if is_known(value)}
        for name, problem in parameter_family(family).problems_with(known):
            yield Refusal(
                f"parameter {name}", f"it {problem}", f"see the parameters of {family} in ElastiCache's guide", about("Properties")
            )
