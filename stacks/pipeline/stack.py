"""What a pipeline needs before its first deploy: the identity provider, CloudFormation's permissions, the boundary, the deploy role.

An administrator deploys it once for each environment, before `cdk bootstrap`; no pipeline may change it.
"""

from __future__ import annotations

from aws_cdk import BootstraplessSynthesizer, CfnOutput, Environment, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.iam.boundary import Boundary
from stacks.iam.cloudformation_policies import ExecutionPolicies
from stacks.iam.deploy_role import DeployRole
from stacks.iam.github_trust import AUDIENCE, PROVIDER
from uplift.settings.pipeline import PipelineSettings
from uplift.settings.pipeline_names import PipelineNames


class PipelineStack(Stack):
    """Identity only: nothing in it runs."""

    def __init__(self, scope: Construct, construct_id: str, *, names: PipelineNames, pipeline: PipelineSettings, env: Environment) -> None:
        super().__init__(
            scope,
            construct_id,
            env=env,
            description=f"Uplift: who may deploy {names.environment}, and what a deploy may do",
            # It comes before the bootstrap, so it may have no assets.
            synthesizer=BootstraplessSynthesizer(),
            termination_protection=True,
        )
        settings = names.settings
        if pipeline.oidc_provider_arn is None:
            provider = iam.CfnOIDCProvider(self, "GitHub", url=f"https://{PROVIDER}", client_id_list=[AUDIENCE])
            # An account has one, and other repositories may have come to use it.
            provider.apply_removal_policy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        Boundary(self, "Boundary", name=names.boundary, role_path=settings.role_path)
        ExecutionPolicies(self, "Execution", names=names, boundary=names.boundary_arn or names.policy_arn(names.boundary))
        deploy = DeployRole(self, "Deploy", names=names, pipeline=pipeline)
        CfnOutput(self, "DeployRoleArn", value=deploy.role.role_arn, description=f"ROLE_ARN of the GitHub environment {names.environment}")
