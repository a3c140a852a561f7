"""What the new parameter group would change for legacy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from uplift.engines.parameters import parameter_family

_MUST_STAY = ("databases", "activerehashing", "cluster-enabled")


@dataclass(frozen=True, slots=True)
class ParameterFinding:
    """One difference. `blocks`: ElastiCache refuses the upgrade. `line`: what to add to upgrade.parameters."""

    text: str
    blocks: bool = False
    line: str = ""

    @property
    def is_lost(self) -> bool:
        """Whether a value somebody chose would be lost, although it could be kept."""
        return bool(self.line)


def parameter_findings(legacy: Mapping[str, str], new: Mapping[str, str], new_family: str) -> list[ParameterFinding]:
    """Compare legacy's own values with those of the group it is to use.

    `legacy` holds what a person set (Source=user), `new` what upgrade.parameters sets; what neither names is a default.
    Three parameters must be equal on both sides (user guide, "Version Management", major upgrades).
    """
    family = parameter_family(new_family)
    findings: list[ParameterFinding] = []
    for old_name, value in sorted(legacy.items()):
        name = family.name_coming_from(old_name)
        if name is None:
            findings.append(ParameterFinding(f"parameter {old_name} = {value} does not exist in {new_family}: it ends with the upgrade"))
            continue
        planned = new.get(name, family.by_name[name].default)
        if planned != value:
            findings.append(_difference(old_name, name, value, planned, in_settings=name in new))
    return findings


def lost_lines(findings: list[ParameterFinding]) -> Iterator[str]:
    """The settings lines that would keep every value, ready to paste under upgrade.parameters."""
    return (f"to keep it, add under upgrade.parameters: {finding.line}" for finding in findings if finding.line)


def _difference(old_name: str, name: str, value: str, planned: str, *, in_settings: bool) -> ParameterFinding:
    renamed = f" (called {name} from 5.0)" if name != old_name else ""
    if name in _MUST_STAY:
        return ParameterFinding(f"parameter {name} is {value} and must stay so, found {planned}: add `{name}: '{value}'`", blocks=True)
    if in_settings:
        return ParameterFinding(f"parameter {old_name}{renamed} changes from {value} to {planned}, as upgrade.parameters says")
    return ParameterFinding(f"parameter {old_name}{renamed} = {value} would fall back to {planned}", line=f"{name}: '{value}'")
