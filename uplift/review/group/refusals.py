"""Why ElastiCache would refuse a replication group as its template describes it: the reasons a deploy fails."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from uplift.engines.catalogue import Engine, creatable_versions
from uplift.engines.changes import Change as EngineStep
from uplift.engines.changes import change_between
from uplift.engines.nodes import family_of, usable_families
from uplift.engines.parameters import Changeable, known_family, parameter_family
from uplift.review.group.view import GroupView, ParameterGroupView
from uplift.settings.windows import Window

_MOST_NODES = 6
_TLS_SWITCH_SINCE = (7, 0)
_TOKEN = re.compile(r"[A-Za-z0-9!&#$^<>-]{16,128}")


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is asked for, why ElastiCache refuses it, and what to do instead."""

    what: str
    why: str
    action: str


def refusals(before: GroupView | None, after: GroupView, *, in_govcloud: bool) -> Iterator[Refusal]:
    """Every reason why this group cannot become, or be made, what head says. `before` None: it is new."""
    yield from _version(before, after)
    yield from _family(after)
    yield from _nodes(after, in_govcloud=in_govcloud)
    yield from _encryption(before, after, in_govcloud=in_govcloud)
    yield from _windows(after)
    yield from _fixed_parameters(before, after)
    if after.parameters is not None:
        yield from parameter_refusals(after.parameters)


def _version(before: GroupView | None, after: GroupView) -> Iterator[Refusal]:
    if not after.version_text or after.version_text.startswith("<"):
        return
    allowed = f"name one of {', '.join(creatable_versions(after.engine))}"
    if after.version is None:
        yield Refusal(f"version {after.version_text}", f"ElastiCache has no {after.engine} {after.version_text}", allowed)
        return
    if before is None or before.version is None:
        if not after.version.creatable and (before is None or before.version_text != after.version_text):
            yield Refusal(f"version {after.version_text}", f"{after.version} can no longer be asked for", allowed)
        return
    step = change_between(before.version, after.version)
    if step.change is EngineStep.IMPOSSIBLE:
        yield Refusal(
            f"{before.name} → {after.name}", step.reason, "leave the version as it is; an older one needs a new group and its data copied"
        )


def _family(after: GroupView) -> Iterator[Refusal]:
    if after.version is None or after.parameters is None or not after.parameters.family or after.parameters.family.startswith("<"):
        return
    if after.parameters.family != after.version.family:
        yield Refusal(
            f"{after.name} with parameters of family {after.parameters.family}",
            f"{after.version} needs a parameter group of family {after.version.family}",
            "change version and family in one pull request: ElastiCache takes both in one call",
        )


def _nodes(after: GroupView, *, in_govcloud: bool) -> Iterator[Refusal]:
    family = family_of(after.node_type)
    if after.node_type and not after.node_type.startswith("<"):
        if family is None:
            yield Refusal(
                f"node type {after.node_type}",
                "this catalogue does not know it as one new nodes may use",
                "name another, such as cache.r5.large",
            )
        elif after.version is not None and after.engine is Engine.REDIS and after.version.number < family.oldest_redis:
            usable = ", ".join(usable_families(after.version.number))
            yield Refusal(
                f"node type {after.node_type} with {after.name}",
                f"it runs Redis {_dotted(family.oldest_redis)} and newer",
                f"use one of {usable}",
            )
        elif in_govcloud and not family.in_govcloud:
            yield Refusal(f"node type {after.node_type}", "it is not offered in GovCloud", "use another family, such as r5")
    if after.failover and not after.keeps_a_primary:
        yield Refusal(
            "failover with one node", "automatic failover needs a replica to fail over to", "keep two nodes, or switch failover off as well"
        )
    if after.multi_az and not after.failover:
        yield Refusal("Multi-AZ without failover", "Multi-AZ needs automatic failover", "set both or neither")
    if not 1 <= after.nodes <= _MOST_NODES:
        yield Refusal(f"{after.nodes} nodes", f"a shard has 1 to {_MOST_NODES}", "choose a number in between")


def _encryption(before: GroupView | None, after: GroupView, *, in_govcloud: bool) -> Iterator[Refusal]:
    if before is not None and before.tls != after.tls:
        old = before.version.number if before.version else ()
        if not old or old < _TLS_SWITCH_SINCE:
            way = "on" if after.tls else "off"
            yield Refusal(
                f"TLS switched {way}",
                f"an existing group can switch TLS from 7.0 on, this one is {before.name}",
                "make a new group and copy its data",
            )
    if after.token is not None and not after.tls:
        yield Refusal("an AUTH token without TLS", "AUTH needs TransitEncryptionEnabled", "keep TLS on, or take the token away as well")
    if isinstance(after.token, str) and not after.token.startswith("{{resolve:") and not _TOKEN.fullmatch(after.token):
        yield Refusal("the AUTH token", "16 to 128 characters, of the others only ! & # $ ^ < > -", "draw another one in Secrets Manager")
    if in_govcloud and after.resource.property("KmsKeyId") is not None:
        yield Refusal("a customer key at rest", "GovCloud encrypts ElastiCache with its own key only", "leave KmsKeyId out")


def _windows(after: GroupView) -> Iterator[Refusal]:
    maintenance, snapshot = after.resource.property("PreferredMaintenanceWindow"), after.resource.property("SnapshotWindow")
    read: list[Window] = []
    for text, reader in ((maintenance, Window.weekly), (snapshot, Window.daily)):
        if not isinstance(text, str):
            continue
        try:
            read.append(reader(text))
        except ValueError as problem:
            yield Refusal("a window", str(problem), "write it in UTC")
    if len(read) == 2 and read[0].overlaps(read[1]):
        yield Refusal(f"windows {maintenance} and {snapshot}", "ElastiCache refuses windows that overlap", "move one of them")


def _fixed_parameters(before: GroupView | None, after: GroupView) -> Iterator[Refusal]:
    """`databases` and its like must stay what they are for a group that exists (user guide, "Redis OSS-specific parameters")."""
    if before is None or before.parameters is None or after.parameters is None or not known_family(after.parameters.family):
        return
    for name, parameter in parameter_family(after.parameters.family).by_name.items():
        if parameter.changeable is not Changeable.BEFORE_USE:
            continue
        old, new = (side.values.get(name, parameter.default) for side in (before.parameters, after.parameters))
        if old != new:
            yield Refusal(f"{name}: {old} → {new}", "it cannot change once nodes use the group", f"keep {name} at {old}")


def parameter_refusals(parameters: ParameterGroupView) -> Iterator[Refusal]:
    """Parameters that do not exist in their family, or cannot have their value."""
    if parameters.family.startswith("<") or not parameters.family:
        return
    if not known_family(parameters.family):
        yield Refusal(f"family {parameters.family}", "this catalogue does not know it", "name a family such as redis5.0")
        return
    for name, problem in parameter_family(parameters.family).problems_with(parameters.values):
        yield Refusal(f"parameter {name}", f"it {problem}", f"see the parameters of {parameters.family} in ElastiCache's guide")


def _dotted(number: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in number)
