"""The part of a template that a linter has to see: what changed, what that refers to, and of the rest no more than a type.

Linting a whole template takes longer than everything else of a review; what did not change was taken by AWS already.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from uplift.review.refusals.references import targets_in
from uplift.review.templates.expressions import Expressions
from uplift.review.templates.known_values import is_expression
from uplift.review.templates.template import StackTemplate, Value, expressions_of

_ATTRIBUTES = ("Type", "Properties", "DependsOn", "Condition", "DeletionPolicy", "UpdateReplacePolicy", "UpdatePolicy", "CreationPolicy")
# Metadata is left out: in it a template may switch the linter's rules off, and it deploys nothing.
_NOT_LINTED = frozenset({"Metadata", "Resources", "Outputs"})


@dataclass(frozen=True, slots=True)
class Selection:
    """What is linted: resources as a whole, resources of which only the tags differ, and outputs."""

    whole: frozenset[str] = frozenset()
    tags_only: frozenset[str] = frozenset()
    outputs: frozenset[str] = frozenset()
    sections: frozenset[str] = field(default=frozenset())

    def __bool__(self) -> bool:
        return bool(self.whole or self.tags_only or self.outputs or self.sections)


def selection_of(base: StackTemplate | None, head: StackTemplate) -> Selection:
    """What differs. What a changed resource refers to is looked at as well: some rules compare two resources."""
    if base is None:
        names = frozenset(head.section("Outputs"))
        return Selection(frozenset(head.resources), frozenset(), names, frozenset(_linted_sections(head)))
    changed = {logical_id for logical_id in head.resources if _differs(base, head, logical_id)}
    tags_only = {logical_id for logical_id in changed if _only_tags_differ(base, head, logical_id)}
    whole = changed - tags_only
    whole |= {target for logical_id in whole for target in targets_in(head.as_written(logical_id)) if target in head.resources}
    outputs = {name for name, output in head.section("Outputs").items() if base.section("Outputs").get(name) != output}
    sections = {name for name, content in _linted_sections(head).items() if base.document.get(name) != content}
    return Selection(frozenset(whole), frozenset(tags_only - whole), frozenset(outputs), frozenset(sections))


def reduced(stack: StackTemplate, selection: Selection) -> dict[str, Value]:
    """A template with what is selected, as far as this stack has it. Everything that is known is put in for its expression."""
    known = _Known(expressions_of(stack))
    resources: dict[str, Value] = {}
    for logical_id in selection.whole & stack.resources.keys():
        raw = stack.as_written(logical_id)
        resources[logical_id] = {name: known.put_in(raw[name]) for name in raw if name != "Metadata"}
    for logical_id in alike_in_tags(stack, selection):
        tags = {name: known.put_in(value) for name, value in _tags(stack, logical_id).items()}
        resources[logical_id] = {"Type": stack.resources[logical_id].type, "Properties": tags}
    outputs = {name: known.put_in(output) for name, output in stack.section("Outputs").items() if name in selection.outputs}
    for target in targets_in([resources, outputs]):
        if target not in resources and target in stack.section("Resources"):
            resources[target] = {"Type": stack.as_written(target).get("Type")}
    document = dict(_linted_sections(stack))
    return document | {"Resources": resources} | ({"Outputs": outputs} if outputs else {})


def alike_in_tags(stack: StackTemplate, selection: Selection) -> Mapping[str, list[str]]:
    """One resource of those of which only the tags differ, for each type and tags, with all that are like it: one is looked at for all."""
    first: dict[str, str] = {}
    alike: dict[str, list[str]] = {}
    for logical_id, resource in stack.resources.items():
        if logical_id in selection.tags_only:
            kind = json.dumps([resource.type, _tags(stack, logical_id)], sort_keys=True, default=str)
            alike.setdefault(first.setdefault(kind, logical_id), []).append(logical_id)
    return alike


def _tags(stack: StackTemplate, logical_id: str) -> Mapping[str, Value]:
    properties = stack.as_written(logical_id).get("Properties")
    return {"Tags": properties["Tags"]} if isinstance(properties, dict) and "Tags" in properties else {}


def _linted_sections(stack: StackTemplate) -> Mapping[str, Value]:
    return {name: content for name, content in stack.document.items() if name not in _NOT_LINTED}


def _differs(base: StackTemplate, head: StackTemplate, logical_id: str) -> bool:
    if base.resources.get(logical_id) != head.resources[logical_id]:
        return True
    before, after = base.as_written(logical_id), head.as_written(logical_id)
    names = (before.keys() | after.keys()) - {"Metadata"}
    return any(before.get(name) != after.get(name) for name in names)


def _only_tags_differ(base: StackTemplate, head: StackTemplate, logical_id: str) -> bool:
    before, after = base.as_written(logical_id), head.as_written(logical_id)
    if not before or not isinstance(before.get("Properties"), dict) or not isinstance(after.get("Properties"), dict):
        return False
    attributes = (before.keys() | after.keys()) - {"Metadata", "Properties"}
    if any(before.get(name) != after.get(name) for name in attributes):
        return False
    old, new = base.resources.get(logical_id), head.resources[logical_id]
    if old is None:
        return False
    names = {name for name in old.properties.keys() | new.properties.keys() if old.property(name) != new.property(name)}
    return names == {"Tags"}


@dataclass(frozen=True, slots=True)
class _Known:
    """Puts in what a template alone can answer, so that a refused value is seen behind a mapping or a condition as well."""

    expressions: Expressions

    def put_in(self, value: Value) -> Value:
        """A copy; what is not known stays as it is written."""
        if isinstance(value, list):
            return [self.put_in(item) for item in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1 and is_expression(value):
            ((name, argument),) = value.items()
            if name == "Fn::If" and isinstance(argument, list) and len(argument) == 3:
                return self._chosen(argument)
            if name != "Fn::GetAtt" and name != "Condition":
                answer = self.expressions.resolved(value)
                if _is_plain(answer):
                    return answer
        return {name: self.put_in(item) for name, item in value.items()}

    def _chosen(self, argument: list[Value]) -> Value:
        truth = self.expressions.decided(str(argument[0]))
        if truth is not None:
            return self.put_in(argument[1] if truth else argument[2])
        return {"Fn::If": [argument[0], self.put_in(argument[1]), self.put_in(argument[2])]}


def _is_plain(value: Value) -> bool:
    """Whether nothing is left open in it."""
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return isinstance(value, (str, int, float, bool))
