"""What a pipeline needs before its first deploy: the identity provider, CloudFormation's permissions, the boundary, the deploy role.

An administrator deploys it once for each account, before `cdk bootstrap`; no pipeline may change it.
"""

from __future__ import annotations

from aws_cdk import BootstraplessSynthesizer, CfnOutput, Environment, Fn, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.iam.boundary import Boundary
from stacks.iam.cloudformation_policies import ExecutionPolicies
from stacks.iam.deploy_role import DeployRole
from stacks.iam.github_trust import AUDIENCE, PROVIDER
from uplift.settings.environment import EnvironmentSettings
from uplift.settings.pipeline import PipelineSettings


class PipelineStack(Stack):
    """Identity only: nothing in it runs."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: str,
        prefix: str,
        settings: EnvironmentSettings,
        pipeline: PipelineSettings,
        env: Environment,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            env=env,
            description=f"Uplift: who may deploy {environment}, and what a deploy may do",
            # It comes before the bootstrap, so it may have no assets.
            synthesizer=BootstraplessSynthesizer(),
            termination_protection=True,
        )
        if pipeline.oidc_provider_arn is None:
            iam.CfnOIDCProvider(self, "GitHub", url=f"https://{PROVIDER}", client_id_list=[AUDIENCE])
        boundary = Boundary(self, "Boundary", name=f"{prefix}-boundary", role_path=settings.role_path)
        execution = ExecutionPolicies(
            self,
            "Execution",
            prefix=prefix,
            environment=environment,
            legacy=settings.legacy,
            role_path=settings.role_path,
            boundary=settings.permissions_boundary_arn or boundary.arn,
        )
        deploy = DeployRole(self, "Deploy", environment=environment, prefix=prefix, pipeline=pipeline)
        CfnOutput(self, "ExecutionPolicyArns", value=Fn.join(",", [policy.managed_policy_arn for policy in execution.policies]))
        CfnOutput(self, "BoundaryArn", value=boundary.arn)
        CfnOutput(self, "DeployRoleArn", value=deploy.role.role_arn)
