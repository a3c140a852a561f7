"""The deployed upgrade stack of one environment as the command line reaches it, with the operator's own credentials."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3

from uplift.aws_calls import ONCE, PATIENT, aws_named
from uplift.deploy.deployed_stacks import DeployedStacks
from uplift.errors import BadInput
from uplift.inplace.aws.elasticache import LegacyCache
from uplift.settings.environment import EnvironmentSettings, StackName

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_elasticache import ElastiCacheClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_stepfunctions import SFNClient


PEOPLE_TOPIC_FACT = "upgrade/people-topic-arn"
PARAMETER_GROUP_FACT = "upgrade/legacy-parameter-group"


class Deployment:
    """Clients, and the facts the stacks published. Every property may raise AwsUnavailable or BadInput."""

    def __init__(self, environment: str, settings: EnvironmentSettings) -> None:
        self.environment, self.settings = environment, settings
        self._region = settings.region

    @cached_property
    def states(self) -> SFNClient:
        """Step Functions."""
        return boto3.client("stepfunctions", region_name=self._region, config=PATIENT)

    @cached_property
    def s3(self) -> S3Client:
        """S3."""
        return boto3.client("s3", region_name=self._region, config=PATIENT)

    @cached_property
    def elasticache(self) -> ElastiCacheClient:
        """ElastiCache."""
        return boto3.client("elasticache", region_name=self._region, config=PATIENT)

    @cached_property
    def elasticache_once(self) -> ElastiCacheClient:
        """ElastiCache, for a change that must not be sent twice."""
        return boto3.client("elasticache", region_name=self._region, config=ONCE)

    @property
    def legacy(self) -> LegacyCache:
        """Legacy, as a run reads it."""
        return LegacyCache(self.elasticache, self.settings.legacy.kind, self.settings.legacy.id)

    @cached_property
    def stacks(self) -> DeployedStacks:
        """CloudFormation's stacks."""
        return DeployedStacks(boto3.client("cloudformation", region_name=self._region, config=PATIENT), self._region)

    @property
    def stack_names(self) -> list[str]:
        """The names of this environment's stacks."""
        return [stack.of(self.environment) for stack in StackName]

    @cached_property
    def secrets(self) -> SecretsManagerClient:
        """Secrets Manager."""
        return boto3.client("secretsmanager", region_name=self._region, config=PATIENT)

    @cached_property
    def cloudwatch(self) -> CloudWatchClient:
        """CloudWatch."""
        return boto3.client("cloudwatch", region_name=self._region, config=PATIENT)

    @cached_property
    def _ssm(self) -> Any:
        make: Any = boto3.client
        return make("ssm", region_name=self._region, config=PATIENT)

    @cached_property
    def sns(self) -> SNSClient:
        """SNS."""
        return boto3.client("sns", region_name=self._region, config=PATIENT)

    def fact_if_deployed(self, name: str) -> str | None:
        """One published fact, None where its stack is not deployed."""
        parameter = f"/uplift/{self.environment}/{name}"
        with aws_named(f"SSM parameter {parameter} in {self._region}"):
            try:
                return str(self._ssm.get_parameter(Name=parameter)["Parameter"]["Value"])
            except self._ssm.exceptions.ParameterNotFound:
                return None

    def fact(self, name: str) -> str:
        """One published fact, such as `upgrade/report-bucket`."""
        found = self.fact_if_deployed(name)
        if found is None:
            parameter = f"/uplift/{self.environment}/{name}"
            raise BadInput(f"{parameter} does not exist: deploy the stacks of {self.environment} first, as the README says")
        return found
