"""What differs of a stack beside its resources: where and how it is deployed, what it hands on, and how its template is written."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from uplift.review.finding import Finding, Impact
from uplift.review.templates.same_values import is_equal
from uplift.review.templates.template import HOLDS_REDIS, STACK, StackTemplate, Value, referred_to
from uplift.review.wording.values import shown

_JUDGED_WHERE_USED = {"Parameters", "Mappings", "Conditions"}
_WORDS = {"Description", "Metadata", "AWSTemplateFormatVersion"}
# How the CLI goes about it; none of it reaches what is deployed.
_OF_THE_CLI = {"validateOnSynth", "lookupRole", "requiresBootstrapStackVersion", "bootstrapStackVersionSsmParameter", "displayName"}
_DEPLOYS_AS = {"assumeRoleArn", "cloudFormationExecutionRoleArn", "assumeRoleExternalId", "assumeRoleAdditionalOptions"}


def findings_of_sections(base: StackTemplate, head: StackTemplate, renamed: Collection[str]) -> Iterator[Finding]:
    """One finding for each difference. `renamed`: old logical ids of resources that get another one."""
    yield from _protection(base, head)
    for name in sorted((base.sections.keys() | head.sections.keys()) - {"Resources"}):
        before, after = base.sections.get(name, {}), head.sections.get(name, {})
        if is_equal(before, after):
            continue
        for finding in _section(head.name, name, before, after):
            yield _with_causes(finding, base, renamed) if name == "Outputs" else finding
    if base.deployment is not None and head.deployment is not None:
        yield from _facts(head.name, base.deployment.facts, head.deployment.facts)
        yield from _given(head.name, base.deployment.parameters, head.deployment.parameters)
        yield from _assets(head.name, base.deployment.assets, head.deployment.assets)


def _on(stack: str, impact: Impact, what: str, meaning: str = "", action: str = "", *, resource: str = "") -> Finding:
    return Finding(impact, stack, resource or stack, STACK, what, meaning, action)


def _with_causes(finding: Finding, base: StackTemplate, renamed: Collection[str]) -> Finding:
    """An output that only names what another logical id is given to follows from that."""
    key = finding.resource.partition(".")[2]
    causes = frozenset(renamed).intersection(referred_to(base.sections.get("Outputs", {}).get(key)))
    return replace(finding, causes=causes)


def _protection(base: StackTemplate, head: StackTemplate) -> Iterator[Finding]:
    if base.termination_protection and not head.termination_protection:
        yield _on(head.name, Impact.PROTECTION, "termination protection off", "Anybody may delete the whole stack.", "keep it on")
    elif head.termination_protection and not base.termination_protection:
        yield _on(head.name, Impact.HARMLESS, "termination protection on")


def findings_of_place(base: StackTemplate, head: StackTemplate) -> Iterator[Finding]:
    """On account and region, of which one side leaves some open: stacks in two places are two stacks."""
    if base.deployment is None or head.deployment is None or base.environment == head.environment:
        return
    holds_redis = any(resource.type in HOLDS_REDIS for resource in (*base.resources.values(), *head.resources.values()))
    yield _on(
        head.name,
        Impact.DATA_LOSS if holds_redis else Impact.BEHAVIOUR,
        f"deployed to {base.environment} → {head.environment}",
        "Whether that is the same place is known only at the deploy; in another one everything is made anew, and empty.",
        "name account and region on both sides",
    )


def _section(stack: str, name: str, before: Value, after: Value) -> Iterator[Finding]:
    if name in _WORDS or not isinstance(before, Mapping) or not isinstance(after, Mapping):
        impact = Impact.HARMLESS if name in _WORDS else Impact.BEHAVIOUR
        yield _on(stack, impact, f"{name} changed", f"{shown(before)} → {shown(after)}")
        return
    for key in sorted(before.keys() | after.keys(), key=str):
        old, new = before.get(key), after.get(key)
        if not is_equal(old, new):
            yield _entry(stack, name, str(key), old, new)


def _entry(stack: str, section: str, key: str, before: Value, after: Value) -> Finding:
    place = f"{section}.{key}"
    step = "added" if before is None else "removed" if after is None else "changed"
    if section == "Outputs":
        return _output(stack, place, step, before or {}, after or {})
    if section == "Rules":
        impact = Impact.PROTECTION if after is None else Impact.BEHAVIOUR
        return _on(
            stack, impact, f"{place} {step}", f"A deploy checks another thing first: {shown(before)} → {shown(after)}", resource=place
        )
    if section == "Parameters" and _is_secret(before) and not _is_secret(after) and after is not None:
        return _on(
            stack,
            Impact.SECURITY,
            f"{place} is shown",
            "NoEcho is off: everybody who sees the stack reads it.",
            "keep NoEcho",
            resource=place,
        )
    if section in _JUDGED_WHERE_USED:
        return _on(
            stack,
            Impact.HARMLESS,
            f"{place} {step}",
            f"{shown(before)} → {shown(after)}; what uses it is judged where it is",
            resource=place,
        )
    return _on(stack, Impact.BEHAVIOUR, f"{place} {step}", f"{shown(before)} → {shown(after)}", resource=place)


def _is_secret(definition: Value) -> bool:
    return isinstance(definition, Mapping) and str(definition.get("NoEcho")).lower() == "true"


def _output(stack: str, place: str, step: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Finding:
    names = [name for name in ("Value", "Export") if not is_equal(before.get(name), after.get(name))]
    if step == "added" or not names:
        return _on(stack, Impact.HARMLESS, f"{place} {step}", shown(after.get("Value", "")), resource=place)
    meaning = "; ".join(f"{name}: {shown(before.get(name, 'not set'))} → {shown(after.get(name, 'not set'))}" for name in names)
    reads = (
        "Another stack that imports it keeps CloudFormation from changing it."
        if "Export" in before
        else "Whoever reads it gets another value."
    )
    return _on(stack, Impact.BEHAVIOUR, f"{place} {step}", f"{meaning}. {reads}", "see who reads it", resource=place)


def _facts(stack: str, before: Mapping[str, Value], after: Mapping[str, Value]) -> Iterator[Finding]:
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if (not old and not new) or is_equal(old, new):
            continue
        meaning = f"{shown(old)} → {shown(new)}"
        if name in _DEPLOYS_AS:
            yield _on(stack, Impact.SECURITY, f"{name} changed", f"Another role deploys: {meaning}", "see what it may do")
        elif name == "notificationArns":
            yield _on(stack, Impact.PROTECTION, f"{name} changed", f"Others hear of its deploys: {meaning}", "see who is told")
        elif name == "dependencies":
            yield _on(stack, Impact.BEHAVIOUR, "deployed in another order", f"It waits for other stacks: {meaning}")
        elif name == "tags" or name in _OF_THE_CLI:
            yield _on(stack, Impact.HARMLESS, f"{name} changed", meaning)
        else:
            yield _on(stack, Impact.BEHAVIOUR, f"{name} changed", meaning)


def _given(stack: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Finding]:
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            meaning = "It is given at the deploy; what uses it is judged where it is."
            yield _on(stack, Impact.HARMLESS, f"another value of parameter {name}", meaning, resource=f"Parameters.{name}")


def _assets(stack: str, before: Mapping[str, Value], after: Mapping[str, Value]) -> Iterator[Finding]:
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old is None or new is None:
            yield _on(
                stack, Impact.HARMLESS, f"asset {name[:30]} {'added' if old is None else 'no longer there'}", "What is uploaded differs."
            )
        elif not is_equal(old, new):
            moved = isinstance(old, Mapping) and isinstance(new, Mapping) and not is_equal(old.get("destinations"), new.get("destinations"))
            yield _on(
                stack,
                Impact.BEHAVIOUR if moved else Impact.HARMLESS,
                f"asset {name[:30]} changed",
                "It is uploaded to another place." if moved else "It is made from other files.",
            )
