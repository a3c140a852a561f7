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


def parameter_findings(
    legacy: Mapping[str, str], old_family: str | None, new: Mapping[str, str], new_family: str
) -> list[ParameterFinding]:
    """Compare what legacy's parameters are with what they will be, whoever chose a value: a person or the family's default.

    `legacy` holds what a person set (Source=user), `new` what upgrade.parameters sets; what neither names is a default of its family.
    `old_family` is None where nodes differ in version: then only what a person set is compared. Three parameters must be equal on both
    sides (user guide, "Version Management", major upgrades).
    """
    family = parameter_family(new_family)
    before = _defaults(old_family) | dict(legacy)
    findings: list[ParameterFinding] = []
    for old_name, value in sorted(before.items()):
        name = family.name_coming_from(old_name)
        if name is None:
            if old_name in legacy:
                findings.append(
                    ParameterFinding(f"parameter {old_name} = {value} does not exist in {new_family}: it ends with the upgrade")
                )
            continue
        planned = new.get(name, family.by_name[name].default)
        if _comparable(name, planned) != _comparable(name, value):
            findings.append(_difference(old_name, name, value, planned, in_settings=name in new, is_chosen=old_name in legacy))
    known = {family.name_coming_from(old_name) for old_name in before}
    findings += [
        ParameterFinding(f"parameter {name}, which {old_family or 'the old version'} does not have, is {value}")
        for name, value in sorted(new.items())
        if name not in known and (name not in family.by_name or value != family.by_name[name].default)
    ]
    return findings


def effective_parameters(new: Mapping[str, str], new_family: str) -> dict[str, str]:
    """Every parameter of the new family with the value it will have."""
    return _defaults(new_family) | dict(new)


def _defaults(family: str | None) -> dict[str, str]:
    return {} if family is None else {name: parameter.default for name, parameter in parameter_family(family).by_name.items()}


def lost_lines(findings: list[ParameterFinding]) -> Iterator[str]:
    """The settings lines that would keep every value, ready to paste under upgrade.parameters."""
    return (f"to keep it, add under upgrade.parameters: {finding.line}" for finding in findings if finding.line)


def _difference(old_name: str, name: str, value: str, planned: str, *, in_settings: bool, is_chosen: bool) -> ParameterFinding:
    renamed = f" (called {name} from 5.0)" if name != old_name else ""
    if name in _MUST_STAY:
        return ParameterFinding(f"parameter {name} is {value} and must stay so, found {planned}: add `{name}: '{value}'`", blocks=True)
    if in_settings or not is_chosen:
        old = _shown(value) if is_chosen else f"{_shown(value)} (the default)"
        by = "as upgrade.parameters says" if in_settings else "the default of the new version"
        return ParameterFinding(f"parameter {old_name}{renamed} changes from {old} to {_shown(planned)}, {by}")
    return ParameterFinding(
        f"parameter {old_name}{renamed} = {_shown(value)} would fall back to {_shown(planned)}", line=f"{name}: '{value}'"
    )


def _comparable(name: str, value: str) -> str:
    """The letters of notify-keyspace-events mean the same in every order."""
    return "".join(sorted(value)) if name == "notify-keyspace-events" else value


def _shown(value: str) -> str:
    return value or "nothing"
