"""When support for an engine ends and what that costs or blocks.

Source: ElastiCache user guide, "Extended Support" (dates); the premium is from AWS's announcement.
Sidekiq's floors: docs/7.0-Upgrade.md and docs/8.0-Upgrade.md of sidekiq/sidekiq.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from uplift.engines.catalogue import Engine, EngineVersion


@dataclass(frozen=True, slots=True)
class ExtendedSupport:
    """Paid support of one major version; `premiums` are (first day, per cent on top of the on-demand price)."""

    premiums: tuple[tuple[date, int], ...]
    ends: date


_EXTENDED_SUPPORT: dict[int, ExtendedSupport] = {
    4: ExtendedSupport(((date(2026, 2, 1), 80), (date(2028, 2, 1), 160)), date(2029, 1, 31)),
    5: ExtendedSupport(((date(2026, 2, 1), 80), (date(2028, 2, 1), 160)), date(2029, 1, 31)),
    6: ExtendedSupport(((date(2027, 2, 1), 80), (date(2029, 2, 1), 160)), date(2030, 1, 31)),
}
_SIDEKIQ_FLOORS: tuple[tuple[str, tuple[int, int]], ...] = (("7", (6, 2)), ("8", (7, 0)))


def support_warnings(version: EngineVersion) -> list[str]:
    """What running `version` costs and blocks, a line each; dates only, so the answer never depends on the clock."""
    if version.engine is Engine.VALKEY:
        return []
    return [*_extended_support_lines(version), *_sidekiq_lines(version)]


def _extended_support_lines(version: EngineVersion) -> list[str]:
    support = _EXTENDED_SUPPORT.get(version.number[0])
    if support is None:
        return []
    steps = ", ".join(f"+{percent} % from {first}" for first, percent in support.premiums)
    return [f"{version} is in paid Extended Support: {steps}; it ends on {support.ends}, then AWS upgrades it by itself"]


def _sidekiq_lines(version: EngineVersion) -> list[str]:
    return [
        f"Sidekiq {sidekiq} needs Redis {floor[0]}.{floor[1]}: {version} does not run it"
        for sidekiq, floor in _SIDEKIQ_FLOORS
        if version.number < floor
    ]
