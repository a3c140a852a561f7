"""One role that people and jobs take to operate: who may take it, how long, and where its ARN is printed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.iam.github_trust import trusted_jobs
from uplift.settings.pipeline import PipelineSettings

# The longest a job of GitHub's own runners takes (GitHub documentation, "Actions limits"); a recovery goes on in AWS without whoever
# watches it.
LONGEST_SESSION = Duration.hours(6)


class OperatorRole(iam.Role):
    """Trusts the jobs of one GitHub environment and `pipeline.operators`; an output of its stack holds the ARN under `work` + RoleArn."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        work: str,
        github_environment: str,
        description: str,
        pipeline: PipelineSettings,
        role_path: str,
    ) -> None:
        jobs = trusted_jobs(pipeline=pipeline, github_environment=github_environment)
        super().__init__(
            scope,
            construct_id,
            assumed_by=iam.CompositePrincipal(jobs, *_people(pipeline.operators_by_account)),
            path=role_path,
            max_session_duration=LONGEST_SESSION,
            description=description,
        )
        CfnOutput(
            Stack.of(self),
            f"{work.title().replace('-', '')}RoleArn",
            value=self.role_arn,
            description=f"ROLE_ARN of the GitHub environment {github_environment}",
        )


def _people(operators: Mapping[str, tuple[str, ...]]) -> Iterator[iam.PrincipalBase]:
    """Those of each account, by condition.

    A principal cannot be written with a wildcard, and a permission set's role gets another suffix when it is assigned anew (IAM Identity
    Center user guide, "Referencing permission sets in resource policies"). Their own account has to let them call sts:AssumeRole as well.
    """
    for account, arns in operators.items():
        yield iam.AccountPrincipal(account).with_conditions({"ArnLike": {"aws:PrincipalArn": list(arns)}})
