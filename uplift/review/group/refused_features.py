"""Features that ElastiCache refuses by version or node type: log delivery, network types, data tiering; and windows.

Sources: ElastiCache user guide, "Log delivery", "Choosing a network type" and "Data tiering"; API reference, CreateReplicationGroup.
"""

from __future__ import annotations

from collections.abc import Iterator

from uplift.review.group.asked import flag, is_known, lacks, text
from uplift.review.group.refusal import Refusal, about
from uplift.review.group.view import GroupView
from uplift.review.templates.known_values import known_text
from uplift.settings.windows import Window

_LOGS_SINCE = {"slow-log": (6, 0), "engine-log": (6, 2)}
_IPV6_SINCE, _TIERING_SINCE = (6, 2), (6, 2)
_TIERED = "r6gd"
_LOGS = "LogDeliveryConfigurations"


def refused_features(after: GroupView) -> Iterator[Refusal]:
    """What is refused of one group by itself."""
    yield from _logs(after)
    yield from _network(after)
    yield from _tiering(after)
    yield from _windows(after)


def _logs(after: GroupView) -> Iterator[Refusal]:
    configurations = after.resource.property(_LOGS)
    seen: set[str] = set()
    for one in configurations if isinstance(configurations, list) else []:
        kind = known_text(one.get("LogType")) if isinstance(one, dict) else None
        if kind is None:
            continue
        since = _LOGS_SINCE.get(kind)
        if since is not None and lacks(after, since):
            needed = ".".join(map(str, since))
            yield Refusal(
                f"{kind} with {after.name}", f"it is delivered from Redis {needed} on", f"upgrade to {needed} first", about(_LOGS)
            )
        if kind in seen:
            yield Refusal(f"{kind} twice", "each log has one destination", "leave one of them", about(_LOGS))
        seen.add(kind)


def _network(after: GroupView) -> Iterator[Refusal]:
    for name in ("NetworkType", "IpDiscovery"):
        kind = (text(after, name) or "").lower()
        if kind in {"ipv6", "dual_stack"} and lacks(after, _IPV6_SINCE):
            yield Refusal(f"{name} {kind} with {after.name}", "IPv6 is for Redis 6.2 and newer", "use ipv4, or upgrade first", about(name))


def _tiering(after: GroupView) -> Iterator[Refusal]:
    tiering, name = flag(after, "DataTieringEnabled"), after.node_type
    if tiering is None or not name or not is_known(name):
        return
    properties = about("DataTieringEnabled", "CacheNodeType")
    is_tiered = f".{_TIERED}." in name
    if tiering and not is_tiered:
        yield Refusal(f"data tiering with {name}", f"only {_TIERED} nodes have it", f"use {_TIERED} nodes, or leave it out", properties)
    elif is_tiered and not tiering:
        yield Refusal(f"{name} without data tiering", f"{_TIERED} nodes need it", "set DataTieringEnabled: true", properties)
    elif tiering and lacks(after, _TIERING_SINCE):
        yield Refusal(f"data tiering with {after.name}", "it is for Redis 6.2 and newer", "upgrade first", properties)


def _windows(after: GroupView) -> Iterator[Refusal]:
    """ElastiCache reads windows in any letters and answers in small ones."""
    maintenance, snapshot = text(after, "PreferredMaintenanceWindow"), text(after, "SnapshotWindow")
    read: list[Window] = []
    for name, window, reader in (
        ("PreferredMaintenanceWindow", maintenance, Window.weekly),
        ("SnapshotWindow", snapshot, Window.daily),
    ):
        if window is None:
            continue
        try:
            read.append(reader(window.lower()))
        except ValueError as problem:
            found, _, allowed = str(problem).replace(window.lower(), window).partition(", allowed: ")
            action = f"make it {allowed} minutes long" if "lasts" in found else f"allowed: {allowed}"
            yield Refusal("a window", found, action, about(name))
    if len(read) == 2 and read[0].overlaps(read[1]):
        properties = about("PreferredMaintenanceWindow", "SnapshotWindow")
        yield Refusal(f"windows {maintenance} and {snapshot}", "ElastiCache refuses windows that overlap", "move one of them", properties)
