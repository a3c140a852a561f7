"""CloudFormation's engine: creates, updates, replaces, rolls back and deletes, resource by resource.

moto's own engine ignores DependsOn, gives no events for a failing resource and never rolls back, so this one
replaces it; which property replaces a resource comes from the registry schemas that cfn-lint ships.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from rehearsal.cloud.cloudformation.resource_types import HalfMade, Providers
from rehearsal.cloud.cloudformation.stack_policy_check import why_denied
from rehearsal.cloud.cloudformation.template import Provisioned, Scope, in_dependency_order
from rehearsal.cloud.errors import NotModelled

_event_ids = itertools.count(1)


@dataclass
class StackEvent:
    """One line of DescribeStackEvents."""

    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str
    at: dt.datetime
    number: int


@dataclass
class Stack:
    """One stack and what it made."""

    name: str
    id: str
    status: str = "REVIEW_IN_PROGRESS"
    reason: str = ""
    template: dict[str, Any] = field(default_factory=dict)
    template_body: str = "{}"
    parameters: dict[str, str] = field(default_factory=dict)
    resources: dict[str, Provisioned] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    tags: list[dict[str, str]] = field(default_factory=list)
    events: list[StackEvent] = field(default_factory=list)
    termination_protection: bool = False
    policy: dict[str, Any] | None = None
    policy_body: str = ""
    created_at: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))

    def add_event(self, logical_id: str, physical_id: str, kind: str, status: str, reason: str = "") -> None:
        """Add an event."""
        self.events.append(StackEvent(logical_id, physical_id, kind, status, reason, dt.datetime.now(dt.UTC), next(_event_ids)))

    def become(self, status: str, reason: str = "") -> None:
        """Change the stack's own status, with its event."""
        self.status, self.reason = status, reason
        self.add_event(self.name, self.id, "AWS::CloudFormation::Stack", status, reason)


class ResourceFailed(Exception):
    """One resource could not be made or changed; the message is AWS's own."""


@dataclass
class Undo:
    """How to take one change of this update back."""

    logical_id: str
    take_back: Callable[[], None]


@dataclass
class Deployment:
    """One execution of a template against a stack."""

    stack: Stack
    template: dict[str, Any]
    scope: Scope
    providers: Providers
    undo: list[Undo] = field(default_factory=list)
    to_delete: list[Provisioned] = field(default_factory=list)

    def run(self) -> None:
        """Bring the stack to the template, or back to where it was."""
        creating = not self.stack.resources
        verb = "CREATE" if creating else "UPDATE"
        self.stack.become(f"{verb}_IN_PROGRESS", "User Initiated")
        try:
            self._apply()
        except ResourceFailed as problem:
            self._roll_back(creating, str(problem))
            return
        if not creating:
            self.stack.become("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        left = [removed for removed in reversed(self.to_delete) if not self._is_cleaned_up(removed)]
        self.stack.outputs = {name: str(self.scope.resolve(output["Value"])) for name, output in self.template.get("Outputs", {}).items()}
        self.stack.template = self.template
        self.stack.become(f"{verb}_COMPLETE", "One or more resources could not be deleted." if left else "")

    def _is_cleaned_up(self, removed: Provisioned) -> bool:
        """Whether what a finished update left over could be deleted; the update has succeeded either way."""
        try:
            delete_resource(self.stack, removed, self.providers)
        except ClientError:
            return False
        return True

    def _apply(self) -> None:
        wanted = {
            logical_id: resource
            for logical_id, resource in self.template["Resources"].items()
            if "Condition" not in resource or self.scope.condition(resource["Condition"])
        }
        for logical_id in in_dependency_order(wanted):
            self._apply_resource(logical_id, wanted[logical_id])
        for logical_id in [logical_id for logical_id in self.stack.resources if logical_id not in wanted]:
            self._ask_policy("Update:Delete", self.stack.resources[logical_id])
            self.to_delete.append(self.stack.resources.pop(logical_id))

    def _apply_resource(self, logical_id: str, resource: dict[str, Any]) -> None:
        existing = self.stack.resources.get(logical_id)
        self.scope.resources = self.stack.resources
        properties = self.scope.resolve(resource.get("Properties", {}))
        if existing is None:
            self._create(logical_id, resource, properties)
        elif existing.type != resource["Type"]:
            raise NotModelled(f"{logical_id} changes its type from {existing.type} to {resource['Type']}")
        else:
            existing.deletion_policy = resource.get("DeletionPolicy", "Delete")
            changed = {
                name for name in existing.properties.keys() | properties.keys() if existing.properties.get(name) != properties.get(name)
            }
            if changed & create_only(existing.type):
                self._ask_policy("Update:Replace", existing)
                self._replace(existing, resource, properties)
            elif changed:
                self._ask_policy("Update:Modify", existing)
                self._update(existing, properties)

    def _ask_policy(self, action: str, resource: Provisioned) -> None:
        reason = why_denied(self.stack.policy, action, resource.logical_id, resource.type)
        if reason is not None:
            self.stack.add_event(resource.logical_id, resource.physical_id, resource.type, "UPDATE_FAILED", reason)
            raise ResourceFailed(f"[{resource.logical_id}]. {reason}")

    def _create(self, logical_id: str, resource: dict[str, Any], properties: dict[str, Any], instead_of: Provisioned | None = None) -> None:
        kind = resource["Type"]
        made = Provisioned(logical_id, kind, "", {}, properties, resource.get("DeletionPolicy", "Delete"), "CREATE_FAILED")
        with self._told(logical_id, "", kind, "CREATE"):
            try:
                made.physical_id, made.attributes = self.providers.create(kind, self.stack.name, logical_id, properties)
            except HalfMade as half:
                made.physical_id = half.physical_id
                raise half.problem from half
            finally:
                if made.physical_id:
                    self.stack.resources[logical_id] = made
                    self.undo.append(Undo(logical_id, lambda: self._take_back_creation(made, instead_of)))
        made.status = "CREATE_COMPLETE"
        self.stack.add_event(logical_id, made.physical_id, kind, "CREATE_COMPLETE")

    def _update(self, existing: Provisioned, properties: dict[str, Any]) -> None:
        before = existing.properties
        with self._told(existing.logical_id, existing.physical_id, existing.type, "UPDATE"):
            existing.attributes |= self.providers.update(existing.type, existing.physical_id, before, properties)
        existing.properties, existing.status = properties, "UPDATE_COMPLETE"
        self.stack.add_event(existing.logical_id, existing.physical_id, existing.type, "UPDATE_COMPLETE")

        def take_back() -> None:
            self.providers.update(existing.type, existing.physical_id, properties, before)
            existing.properties = before

        self.undo.append(Undo(existing.logical_id, take_back))

    def _replace(self, existing: Provisioned, resource: dict[str, Any], properties: dict[str, Any]) -> None:
        reason = "Requested update requires the creation of a new physical resource; hence creating one."
        self.stack.add_event(existing.logical_id, existing.physical_id, existing.type, "UPDATE_IN_PROGRESS", reason)
        self._create(existing.logical_id, resource, properties, existing)
        existing.deletion_policy = resource.get("UpdateReplacePolicy", "Delete")
        self.to_delete.append(existing)

    def _take_back_creation(self, made: Provisioned, instead_of: Provisioned | None) -> None:
        """Delete what this very operation made, and put back what it replaced.

        `Retain` keeps it, outside of every stack; `RetainExceptOnCreate` does not (user guide, "DeletionPolicy attribute"). Neither
        speaks for a replacement.
        """
        if made.deletion_policy != "Retain" or instead_of is not None:
            made.deletion_policy = "Delete"
        delete_resource(self.stack, made, self.providers)
        if instead_of is None:
            self.stack.resources.pop(made.logical_id)
        else:
            self.stack.resources[made.logical_id] = instead_of

    def _roll_back(self, creating: bool, reason: str) -> None:
        verb = "ROLLBACK" if creating else "UPDATE_ROLLBACK"
        self.stack.become(f"{verb}_IN_PROGRESS", f"The following resource(s) failed: {reason}")
        failed = [step.logical_id for step in reversed(self.undo) if not self._is_taken_back(step)]
        if not creating:
            for removed in self.to_delete:
                self.stack.resources.setdefault(removed.logical_id, removed)
        if not failed:
            self.stack.become(f"{verb}_COMPLETE")
            return
        if creating:
            self.stack.template = self.template
        what = "delete" if creating else "update"
        self.stack.become(f"{verb}_FAILED", f"The following resource(s) failed to {what}: [{', '.join(failed)}].")

    def _is_taken_back(self, step: Undo) -> bool:
        try:
            step.take_back()
        except (ClientError, NotModelled):
            return False
        return True

    def _told(self, logical_id: str, physical_id: str, kind: str, verb: str) -> _Told:
        return _Told(self.stack, logical_id, physical_id, kind, verb)


class _Told:
    """Adds the events of the beginning of one resource's change, and its failure with AWS's reason."""

    def __init__(self, stack: Stack, logical_id: str, physical_id: str, kind: str, verb: str) -> None:
        self._stack, self._logical_id, self._physical_id, self._kind, self._verb = stack, logical_id, physical_id, kind, verb

    def __enter__(self) -> None:
        self._stack.add_event(self._logical_id, self._physical_id, self._kind, f"{self._verb}_IN_PROGRESS")

    def __exit__(self, _type: object, problem: BaseException | None, _trace: object) -> None:
        if isinstance(problem, (BotoCoreError, ClientError, NotModelled)):
            reason = f"{problem} (Not modelled by the rehearsal)" if isinstance(problem, NotModelled) else str(problem)
            self._stack.add_event(self._logical_id, self._physical_id, self._kind, f"{self._verb}_FAILED", reason)
            raise ResourceFailed(f"[{self._logical_id}]. {reason}") from problem


def delete_stack(stack: Stack, providers: Providers) -> None:
    """Delete every resource, each after those that refer to it; a policy of Retain leaves it."""
    stack.become("DELETE_IN_PROGRESS", "User Initiated")
    # Not the order they were made in: a rollback puts back what it had taken away.
    held = {name: resource for name, resource in stack.template.get("Resources", {}).items() if name in stack.resources}
    for resource in [stack.resources[logical_id] for logical_id in reversed(in_dependency_order(held))]:
        try:
            delete_resource(stack, resource, providers)
        except ClientError:
            stack.become("DELETE_FAILED", f"The following resource(s) failed to delete: [{resource.logical_id}].")
            return
        stack.resources.pop(resource.logical_id)
    stack.become("DELETE_COMPLETE")


def delete_resource(stack: Stack, resource: Provisioned, providers: Providers) -> None:
    """Delete one resource as its policy says. Raises ClientError, after its event, where AWS refuses."""
    if resource.deletion_policy.startswith("Retain"):
        stack.add_event(resource.logical_id, resource.physical_id, resource.type, "DELETE_SKIPPED")
        return
    stack.add_event(resource.logical_id, resource.physical_id, resource.type, "DELETE_IN_PROGRESS")
    try:
        providers.delete(resource.type, resource.physical_id, resource.properties, with_snapshot=resource.deletion_policy == "Snapshot")
    except ClientError as problem:
        resource.status = "DELETE_FAILED"
        stack.add_event(resource.logical_id, resource.physical_id, resource.type, "DELETE_FAILED", str(problem))
        raise
    stack.add_event(resource.logical_id, resource.physical_id, resource.type, "DELETE_COMPLETE")


@cache
def create_only(resource_type: str) -> frozenset[str]:
    """The properties whose change replaces a resource of this type."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", resource_type).schema
    return frozenset(_first_names(schema.get("createOnlyProperties", [])))


def _first_names(pointers: list[str]) -> Iterator[str]:
    for pointer in pointers:
        yield pointer.split("/")[2]
