"""What CloudFormation has deployed: templates, and the physical id behind each logical one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from uplift.review.templates.assembly import parse
from uplift.review.templates.environment import DeployEnvironment
from uplift.review.templates.template import Assembly, StackTemplate, read_template

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackTypeDef

# A stack whose first creation was rolled back holds nothing, and the CDK CLI makes it anew.
_GONE = {"DELETE_COMPLETE", "REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE"}


@dataclass(frozen=True, slots=True)
class DeployedStack:
    """One stack that exists."""

    template: StackTemplate
    physical_ids: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StackState:
    """Where CloudFormation has got with a stack. `status` None: there is no such stack."""

    status: str | None
    protected: bool


class DeployedStacks:
    """The stacks of one account and region."""

    def __init__(self, client: CloudFormationClient, region: str) -> None:
        self._client, self._region = client, region

    def read(self, names: list[str]) -> dict[str, DeployedStack]:
        """Those of `names` that exist, with what was deployed last."""
        found = {name: self._stack(name) for name in names}
        return {name: stack for name, stack in found.items() if stack is not None}

    def exists(self, name: str) -> bool:
        """Whether there is such a stack."""
        return self._described(name) is not None

    def state(self, name: str) -> StackState:
        """Status and termination protection, also of a stack that holds nothing."""
        described = self._answered(name)
        if described is None:
            return StackState(None, protected=False)
        return StackState(described["StackStatus"], protected=bool(described.get("EnableTerminationProtection")))

    def lift_protection(self, name: str) -> None:
        """Let a stack be deleted."""
        self._client.update_termination_protection(StackName=name, EnableTerminationProtection=False)

    def set_policy(self, name: str, policy: str) -> None:
        """Put a stack policy in force."""
        self._client.set_stack_policy(StackName=name, StackPolicyBody=policy)

    def _described(self, name: str) -> StackTypeDef | None:
        described = self._answered(name)
        return None if described is None or described["StackStatus"] in _GONE else described

    def _answered(self, name: str) -> StackTypeDef | None:
        try:
            return self._client.describe_stacks(StackName=name)["Stacks"][0]
        except ClientError as problem:
            # The only answer CloudFormation has for a stack that is not there.
            if problem.response["Error"]["Code"] == "ValidationError" and "does not exist" in str(problem):
                return None
            raise

    def _stack(self, name: str) -> DeployedStack | None:
        described = self._described(name)
        if described is None:
            return None
        body: Any = self._client.get_template(StackName=name, TemplateStage="Original")["TemplateBody"]
        # botocore has read a JSON template already, into ordered dictionaries.
        document = body if not isinstance(body, str) else parse(body)
        template = read_template(
            name,
            json.loads(json.dumps(document, default=str)),
            f"stack {name}",
            termination_protection=bool(described.get("EnableTerminationProtection")),
            environment=DeployEnvironment(region=self._region),
        )
        return DeployedStack(template, self._physical_ids(name))

    def _physical_ids(self, name: str) -> dict[str, str]:
        pages = self._client.get_paginator("list_stack_resources").paginate(StackName=name)
        return {one["LogicalResourceId"]: one.get("PhysicalResourceId", "") for page in pages for one in page["StackResourceSummaries"]}


def as_assembly(stacks: Mapping[str, DeployedStack]) -> Assembly:
    """Deployed stacks as a side of a review."""
    return Assembly("what is deployed", {name: stack.template for name, stack in stacks.items()})
