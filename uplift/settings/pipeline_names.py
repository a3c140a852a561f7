"""What the pipeline's own rights are called: known before anything is deployed, so that settings, policies and commands agree."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from uplift.settings.environment import EnvironmentSettings, environment_prefix
from uplift.settings.pipeline import SHARED_QUALIFIER

_LONGEST_QUALIFIER = 10
_DIGITS = 4


class ExecutionPart(StrEnum):
    """What CloudFormation may do, in as many policies as IAM's limit of 6,144 characters asks for."""

    REDIS = "redis"
    STORAGE = "storage"
    NETWORK = "network"
    IDENTITY = "identity"
    RUNNING = "running"


def _qualifier(environment: str) -> str:
    """The environment's name with `up` before it; a longer one ends in a digest, so that two that begin alike stay apart."""
    whole = f"up{environment.replace('-', '')}"
    if len(whole) <= _LONGEST_QUALIFIER:
        return whole
    digest = hashlib.sha256(environment.encode()).hexdigest()
    return f"{whole[: _LONGEST_QUALIFIER - _DIGITS]}{digest[:_DIGITS]}"


@dataclass(frozen=True, slots=True)
class PipelineNames:
    """The names in one environment. An account may hold several environments, so each name begins with the environment's prefix."""

    environment: str
    settings: EnvironmentSettings

    @property
    def prefix(self) -> str:
        """What every stack of the environment begins with."""
        return environment_prefix(self.environment)

    @property
    def stack(self) -> str:
        """The stack an administrator deploys."""
        return f"{self.prefix}Pipeline"

    @property
    def toolkit_stack(self) -> str:
        """The stack of this environment's own bootstrap."""
        return f"{self.prefix}Toolkit"

    @property
    def qualifier(self) -> str:
        """Part of the name of everything the bootstrap makes: at most ten characters (CDK's bootstrap template)."""
        pipeline = self.settings.pipeline
        if pipeline is None:
            return SHARED_QUALIFIER
        return pipeline.bootstrap_qualifier or _qualifier(self.environment)

    @property
    def boundary(self) -> str:
        """The name of our own permissions boundary."""
        return f"{self.prefix}-boundary"

    def execution_policy(self, part: ExecutionPart) -> str:
        """The name of one policy of CloudFormation's execution role."""
        return f"{self.prefix}-execution-{part}"

    @property
    def deploy_role(self) -> str:
        """The name of the role of the job that deploys."""
        return f"{self.prefix}-deploy"

    @property
    def boundary_arn(self) -> str | None:
        """The boundary of every role our stacks make: the organisation's own, else ours; None without a pipeline."""
        if self.settings.permissions_boundary_arn is not None or self.settings.pipeline is None:
            return self.settings.permissions_boundary_arn
        return self.policy_arn(self.boundary)

    @property
    def organisation_boundary_arn(self) -> str | None:
        """A boundary that is not ours: the organisation demands it of every role, also of those that deploy, which ours would stop."""
        named = self.settings.permissions_boundary_arn
        return None if named == self.policy_arn(self.boundary) else named

    @property
    def execution_policy_arns(self) -> tuple[str, ...]:
        """For `cdk bootstrap --cloudformation-execution-policies`."""
        return tuple(self.policy_arn(self.execution_policy(part)) for part in ExecutionPart)

    def policy_arn(self, name: str) -> str:
        """A policy under the environment's path."""
        return f"arn:{self.settings.partition}:iam::{self.settings.account}:policy{self.settings.role_path}{name}"

    def role_arn(self, name: str) -> str:
        """A role under the environment's path."""
        return f"arn:{self.settings.partition}:iam::{self.settings.account}:role{self.settings.role_path}{name}"
