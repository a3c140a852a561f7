"""Executions of the state machine, as far as a run needs to know of other runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

RUNNING = "RUNNING"


@dataclass(frozen=True, slots=True)
class Executions:
    """Looks executions up by ARN."""

    client: SFNClient

    def has_ended(self, arn: str) -> bool:
        """Whether an execution is certainly over. One that cannot be found, or is none of this machine's, may still be at work."""
        try:
            return self.client.describe_execution(executionArn=arn)["status"] != RUNNING
        except ClientError as problem:
            if problem.response["Error"]["Code"] in {"ExecutionDoesNotExist", "InvalidArn", "AccessDenied", "AccessDeniedException"}:
                return False
            raise
