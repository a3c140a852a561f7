"""Engines, versions and parameter families that ElastiCache refuses."""

from __future__ import annotations

from collections.abc import Iterator

from uplift.engines.catalogue import Engine, creatable_versions
from uplift.engines.changes import Change as EngineStep
from uplift.engines.changes import change_between
from uplift.engines.parameters import known_family
from uplift.review.group.asked import engine, is_known, version
from uplift.review.group.refusal import Refusal, about
from uplift.review.group.view import GroupView

_ENGINES = tuple(str(one) for one in Engine)


def refused_versions(before: GroupView | None, after: GroupView) -> Iterator[Refusal]:
    """An engine that no group has, a version that no engine has, and a step that ElastiCache does not take."""
    name = engine(after)
    if name is None:
        return
    if name not in _ENGINES:
        yield Refusal(f"engine {name}", "a replication group runs redis or valkey", f"allowed: {', '.join(_ENGINES)}", about("Engine"))
        return
    yield from _version(before, after)
    yield from _family(after)


def _version(before: GroupView | None, after: GroupView) -> Iterator[Refusal]:
    text, found = after.version_text, version(after)
    if not text or not is_known(text):
        return
    allowed = f"name one of {', '.join(creatable_versions(after.engine))}"
    properties = about("Engine", "EngineVersion")
    if found is None:
        yield Refusal(f"version {text}", f"ElastiCache has no {after.engine} {text}", allowed, properties)
        return
    old = version(before) if before is not None else None
    if before is None or old is None:
        if not found.creatable and (before is None or before.version_text != text):
            yield Refusal(f"version {text}", f"{found} can no longer be asked for", allowed, properties)
        return
    step = change_between(old, found)
    if step.change is EngineStep.IMPOSSIBLE:
        action = "leave the version as it is; an older one needs a new group and its data copied"
        yield Refusal(f"{before.name} → {after.name}", step.reason, action, properties)


def _family(after: GroupView) -> Iterator[Refusal]:
    found, parameters = version(after), after.parameters
    if found is None or parameters is None or not parameters.family or not is_known(parameters.family):
        return
    if parameters.family != found.family:
        unknown = "" if known_family(parameters.family) else ", which no engine of ours has"
        yield Refusal(
            f"{after.name} with parameters of family {parameters.family}{unknown}",
            f"{found} needs a parameter group of family {found.family}",
            "change version and family in one pull request: ElastiCache takes both in one call",
            about("Engine", "EngineVersion", "CacheParameterGroupName"),
        )
