"""The role of the job that deploys: it reads what is deployed, sets stack policies, and takes the roles `cdk bootstrap` made."""

from __future__ import annotations

from aws_cdk import Aws, Duration
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.iam.elasticache_arns import elasticache_arn
from stacks.iam.github_trust import trusted_jobs
from stacks.iam.statements import allow, arn
from stacks.shared.acknowledge import acknowledge_statements
from uplift.settings.environment import StackName
from uplift.settings.pipeline import PipelineSettings
from uplift.settings.pipeline_names import PipelineNames

_ON_STACKS = ("DescribeStacks", "GetStackPolicy", "GetTemplate", "ListStackResources", "SetStackPolicy")
_BOOTSTRAPPED = ("deploy", "file-publishing", "lookup")


class DeployRole(Construct):
    """No permission to change anything by itself but a stack's policy and protection: changes go through CloudFormation's own role."""

    def __init__(self, scope: Construct, construct_id: str, *, names: PipelineNames, pipeline: PipelineSettings) -> None:
        super().__init__(scope, construct_id)
        environment, prefix = names.environment, names.prefix
        self.role = iam.Role(
            self,
            "Role",
            role_name=names.deploy_role,
            path=names.settings.role_path,
            assumed_by=trusted_jobs(pipeline=pipeline, github_environment=environment),
            max_session_duration=Duration.hours(2),
            description=f"Deploys Uplift's stacks of {environment} from {pipeline.repository}",
        )
        roles = [
            f"arn:{Aws.PARTITION}:iam::{Aws.ACCOUNT_ID}:role/cdk-{names.qualifier}-{kind}-role-{Aws.ACCOUNT_ID}-{Aws.REGION}"
            for kind in _BOOTSTRAPPED
        ]
        groups = [elasticache_arn("replicationgroup", "*"), elasticache_arn("cluster", "*")]
        own = [arn("cloudformation", f"stack/{prefix}{stack}/*") for stack in StackName]
        statements = (
            allow("BootstrappedRoles", "sts", ["AssumeRole"], roles),
            # Never the administrator's stack, whose name begins like ours.
            allow("Stacks", "cloudformation", _ON_STACKS, own),
            # Of a stack that was never made.
            allow("MakeAnew", "cloudformation", ["UpdateTerminationProtection"], own),
            allow("ReadElastiCache", "elasticache", ["DescribeCacheClusters", "DescribeReplicationGroups"], groups),
            allow("ReadFacts", "ssm", ["GetParameter"], [arn("ssm", f"parameter/uplift/{environment}/upgrade/*")]),
            allow("WhenSecretsWereDrawn", "secretsmanager", ["ListSecretVersionIds"], [arn("secretsmanager", "secret:*AuthToken*")]),
        )
        for statement in statements:
            self.role.add_to_policy(statement)
        acknowledge_statements(self.role, statements, "stacks of this environment, whose ids and groups have generated names")
