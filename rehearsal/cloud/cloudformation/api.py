"""The wire side of the local CloudFormation, for the real CDK CLI: change sets, stacks, events, templates."""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlparse

import moto.cloudformation.urls
from moto.core.responses import ActionResult, BaseResponse, EmptyResult

from rehearsal.cloud.cloudformation.resource_types import Providers
from rehearsal.cloud.cloudformation.stack_engine import Deployment, Stack, Undo, delete_stack
from rehearsal.cloud.cloudformation.stack_policy_check import check_policy
from rehearsal.cloud.cloudformation.stack_status import check_may_be_changed, check_may_be_deleted
from rehearsal.cloud.cloudformation.template import Scope, load_template
from rehearsal.cloud.errors import refused


@dataclass
class ChangeSet:
    """A template waiting to be executed against one stack."""

    name: str
    id: str
    stack: Stack
    body: str
    parameters: dict[str, str]
    tags: list[dict[str, str]]
    changes: list[dict[str, Any]]


class CloudFormation:
    """The stacks and change sets of this account; names of change sets are unique per stack, as in AWS."""

    def __init__(self, providers: Providers) -> None:
        self.providers = providers
        self.stacks: dict[str, Stack] = {}
        self.change_sets: dict[tuple[str, str], ChangeSet] = {}

    def stack(self, name_or_id: str) -> Stack:
        """A stack by name or id; one that was deleted has only its id."""
        for key, stack in list(self.stacks.items()):
            if name_or_id in (key, stack.id):
                return stack
        raise refused("ValidationError", f"Stack with id {name_or_id} does not exist")

    def change_set(self, name_or_id: str, stack_name: str | None) -> ChangeSet:
        """A change set by name within its stack, or by id."""
        for change_set in self.change_sets.values():
            same_stack = stack_name is None or stack_name in (change_set.stack.name, change_set.stack.id)
            if change_set.id == name_or_id or (change_set.name == name_or_id and same_stack):
                return change_set
        raise refused("ChangeSetNotFound", f"ChangeSet [{name_or_id}] does not exist")

    def create_change_set(self, params: dict[str, Any]) -> ChangeSet:
        """Compare a template with its stack."""
        name = params["StackName"]
        check_may_be_changed(self.stacks.get(name), name, params["ChangeSetName"], params.get("ChangeSetType", "UPDATE"))
        if name not in self.stacks:
            self.stacks[name] = Stack(name, self.providers.arn("cloudformation", f"stack/{name}/{uuid.uuid4()}"))
        stack = self.stacks[name]
        body = params.get("TemplateBody") or self._fetch(params["TemplateURL"])
        parameters = {
            item["ParameterKey"]: stack.parameters[item["ParameterKey"]] if item.get("UsePreviousValue") else item["ParameterValue"]
            for item in params.get("Parameters", [])
        }
        change_set = ChangeSet(
            name=params["ChangeSetName"],
            id=self.providers.arn("cloudformation", f"changeSet/{params['ChangeSetName']}/{uuid.uuid4()}"),
            stack=stack,
            body=body,
            parameters=parameters,
            tags=params.get("Tags", []),
            changes=self._changes(stack, load_template(body), parameters),
        )
        self.change_sets[(name, change_set.name)] = change_set
        return change_set

    def _changes(self, stack: Stack, template: dict[str, Any], parameters: dict[str, str]) -> list[dict[str, Any]]:
        before, after = stack.template.get("Resources", {}), template["Resources"]
        if stack.status == "REVIEW_IN_PROGRESS":
            before = {}
        same_inputs = self._inputs(template, parameters) == self._inputs(stack.template, stack.parameters) if before else True
        changes = []
        for logical_id in sorted(before.keys() | after.keys()):
            if logical_id not in before:
                action = "Add"
            elif logical_id not in after:
                action = "Remove"
            elif before[logical_id] != after[logical_id] or not same_inputs:
                action = "Modify"
            else:
                continue
            kind = (after.get(logical_id) or before[logical_id])["Type"]
            changes.append(
                {"Type": "Resource", "ResourceChange": {"Action": action, "LogicalResourceId": logical_id, "ResourceType": kind}}
            )
        return changes

    def _inputs(self, template: dict[str, Any], given: dict[str, str]) -> dict[str, str | list[str]]:
        """The values of the template's parameters: those of an SSM type looked up, a list as one."""
        values: dict[str, str | list[str]] = {}
        for name, parameter in template.get("Parameters", {}).items():
            value = given.get(name, parameter.get("Default", ""))
            if parameter["Type"].startswith("AWS::SSM::"):
                values[name] = self.providers.read_parameter(value)
            else:
                values[name] = [one for one in value.split(",") if one] if parameter["Type"] == "CommaDelimitedList" else value
        return values

    def execute(self, change_set: ChangeSet) -> None:
        """Run a change set in a thread of its own."""
        stack = change_set.stack
        template = load_template(change_set.body)
        deployment = Deployment(stack, template, self._scope(stack, template, change_set.parameters), self.providers)
        before = stack.template_body, stack.parameters, stack.tags

        def take_back() -> None:
            # What is asked for after a rollback is what is in force.
            stack.template_body, stack.parameters, stack.tags = before

        deployment.undo.append(Undo("the template itself", take_back))
        stack.template_body, stack.parameters, stack.tags = change_set.body, change_set.parameters, change_set.tags
        stack.status = "UPDATE_IN_PROGRESS" if stack.resources else "CREATE_IN_PROGRESS"
        threading.Thread(target=deployment.run, daemon=True).start()

    def _scope(self, stack: Stack, template: dict[str, Any], parameters: dict[str, str]) -> Scope:
        providers = self.providers
        pseudo = {
            "AWS::Partition": providers.partition,
            "AWS::Region": providers.region,
            "AWS::AccountId": providers.account,
            "AWS::StackName": stack.name,
            "AWS::StackId": stack.id,
            "AWS::URLSuffix": "amazonaws.com",
        }
        values = self._inputs(template, parameters)
        return Scope(pseudo, values, template.get("Conditions", {}), template.get("Mappings", {}), providers.read_secret)

    def _fetch(self, url: str) -> str:
        bucket, key = urlparse(url).path.lstrip("/").split("/", 1)
        body: bytes = self.providers.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        return body.decode()


class CloudFormationResponses(BaseResponse):
    """One method an action the CDK CLI uses; an action without a method fails by name."""

    service: CloudFormation

    def __init__(self) -> None:
        super().__init__(service_name="cloudformation")
        self.automated_parameter_parsing = True

    def create_change_set(self) -> ActionResult:
        change_set = self.service.create_change_set(self._get_params())
        return ActionResult({"Id": change_set.id, "StackId": change_set.stack.id})

    def describe_change_set(self) -> ActionResult:
        params = self._get_params()
        change_set = self.service.change_set(params["ChangeSetName"], params.get("StackName"))
        empty = not change_set.changes and change_set.stack.status != "REVIEW_IN_PROGRESS"
        reason = {"StatusReason": "The submitted information didn't contain changes. Submit different information to create a change set."}
        return ActionResult(
            {
                "ChangeSetName": change_set.name,
                "ChangeSetId": change_set.id,
                "StackId": change_set.stack.id,
                "StackName": change_set.stack.name,
                "Status": "FAILED" if empty else "CREATE_COMPLETE",
                "ExecutionStatus": "UNAVAILABLE" if empty else "AVAILABLE",
                "Changes": change_set.changes,
                "CreationTime": dt.datetime.now(dt.UTC),
                **(reason if empty else {}),
            }
        )

    def execute_change_set(self) -> EmptyResult:
        params = self._get_params()
        self.service.execute(self.service.change_set(params["ChangeSetName"], params.get("StackName")))
        return EmptyResult()

    def delete_change_set(self) -> EmptyResult:
        """Deleting what is not there is fine (API reference, DeleteChangeSet)."""
        params = self._get_params()
        for key, change_set in list(self.service.change_sets.items()):
            if key == (params.get("StackName"), params["ChangeSetName"]) or change_set.id == params["ChangeSetName"]:
                del self.service.change_sets[key]
        return EmptyResult()

    def describe_stacks(self) -> ActionResult:
        wanted = self._get_params().get("StackName")
        alive = [stack for stack in list(self.service.stacks.values()) if stack.status != "DELETE_COMPLETE"]
        stacks = [self.service.stack(wanted)] if wanted else alive
        if wanted and stacks[0].status == "DELETE_COMPLETE" and wanted == stacks[0].name:
            raise refused("ValidationError", f"Stack with id {wanted} does not exist")
        return ActionResult({"Stacks": [_stack(stack) for stack in stacks]})

    def describe_stack_events(self) -> ActionResult:
        stack = self.service.stack(self._get_params()["StackName"])
        events = [
            {
                "StackId": stack.id,
                "StackName": stack.name,
                "EventId": f"{event.number:08}",
                "LogicalResourceId": event.logical_id,
                "PhysicalResourceId": event.physical_id,
                "ResourceType": event.type,
                "ResourceStatus": event.status,
                "ResourceStatusReason": event.reason,
                "Timestamp": event.at,
            }
            for event in reversed(stack.events)
        ]
        return ActionResult({"StackEvents": events})

    def list_stack_resources(self) -> ActionResult:
        return ActionResult({"StackResourceSummaries": self._resources()})

    def describe_stack_resources(self) -> ActionResult:
        return ActionResult({"StackResources": self._resources()})

    def get_template(self) -> ActionResult:
        stack = self.service.stack(self._get_params()["StackName"])
        return ActionResult({"TemplateBody": stack.template_body, "StagesAvailable": ["Original", "Processed"]})

    def get_template_summary(self) -> ActionResult:
        template = self.service.stack(self._get_params()["StackName"]).template
        return ActionResult({"ResourceTypes": sorted({resource["Type"] for resource in template.get("Resources", {}).values()})})

    def set_stack_policy(self) -> EmptyResult:
        params = self._get_params()
        stack = self.service.stack(params["StackName"])
        stack.policy, stack.policy_body = check_policy(params["StackPolicyBody"]), params["StackPolicyBody"]
        return EmptyResult()

    def get_stack_policy(self) -> ActionResult:
        stack = self.service.stack(self._get_params()["StackName"])
        return ActionResult({"StackPolicyBody": stack.policy_body} if stack.policy_body else {})

    def update_termination_protection(self) -> ActionResult:
        params = self._get_params()
        stack = self.service.stack(params["StackName"])
        stack.termination_protection = params["EnableTerminationProtection"] in (True, "true")
        return ActionResult({"StackId": stack.id})

    def delete_stack(self) -> EmptyResult:
        stack = self.service.stack(self._get_params()["StackName"])
        check_may_be_deleted(stack)
        if stack.status != "DELETE_COMPLETE":
            stack.status = "DELETE_IN_PROGRESS"
            threading.Thread(target=self._delete, args=(stack,), daemon=True).start()
        return EmptyResult()

    def _delete(self, stack: Stack) -> None:
        delete_stack(stack, self.service.providers)
        if stack.status == "DELETE_COMPLETE":
            self.service.stacks[stack.id] = self.service.stacks.pop(stack.name)

    def _resources(self) -> list[dict[str, Any]]:
        stack = self.service.stack(self._get_params()["StackName"])
        return [
            {
                "StackName": stack.name,
                "StackId": stack.id,
                "LogicalResourceId": resource.logical_id,
                "PhysicalResourceId": resource.physical_id,
                "ResourceType": resource.type,
                "ResourceStatus": resource.status,
                "LastUpdatedTimestamp": stack.created_at,
                "Timestamp": stack.created_at,
            }
            for resource in stack.resources.values()
        ]


def install(service: CloudFormation) -> None:
    """Put this in place of moto's own CloudFormation."""
    CloudFormationResponses.service = service
    moto.cloudformation.urls.url_paths.clear()
    moto.cloudformation.urls.url_paths["{0}/$"] = CloudFormationResponses.dispatch


def _stack(stack: Stack) -> dict[str, Any]:
    return {
        "StackId": stack.id,
        "StackName": stack.name,
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason,
        "CreationTime": stack.created_at,
        "EnableTerminationProtection": stack.termination_protection,
        "Outputs": [{"OutputKey": name, "OutputValue": value} for name, value in stack.outputs.items()],
        "Parameters": [{"ParameterKey": name, "ParameterValue": value} for name, value in stack.parameters.items()],
        "Tags": stack.tags,
    }
