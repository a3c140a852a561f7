"""The role of the job that deploys: it reads what is deployed, sets stack policies, and takes the roles `cdk bootstrap` made."""

from __future__ import annotations

from aws_cdk import Aws, Duration
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.acknowledge import acknowledge_statements
from stacks.elasticache_arns import elasticache_arn
from stacks.github_trust import trusted_jobs
from uplift.settings.pipeline import PipelineSettings

_ON_STACKS = ("DescribeStacks", "GetStackPolicy", "GetTemplate", "ListStackResources", "SetStackPolicy")
_BOOTSTRAPPED = ("deploy", "file-publishing", "lookup")


class DeployRole(Construct):
    """No permission to change anything by itself but a stack's policy: changes go through CloudFormation's own role."""

    def __init__(self, scope: Construct, construct_id: str, *, environment: str, prefix: str, pipeline: PipelineSettings) -> None:
        super().__init__(scope, construct_id)
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=trusted_jobs(pipeline=pipeline, github_environment=environment),
            max_session_duration=Duration.hours(2),
            description=f"Deploys Uplift's stacks of {environment} from {pipeline.repository}",
        )
        account, partition = Aws.ACCOUNT_ID, Aws.PARTITION
        roles = [f"arn:{partition}:iam::{account}:role/cdk-*-{kind}-role-{account}-{Aws.REGION}" for kind in _BOOTSTRAPPED]
        stacks = f"arn:{partition}:cloudformation:{Aws.REGION}:{account}:stack/{prefix}*/*"
        statements = (
            iam.PolicyStatement(sid="BootstrappedRoles", actions=["sts:AssumeRole"], resources=roles),
            iam.PolicyStatement(
                sid="Stacks",
                actions=[f"cloudformation:{action}" for action in _ON_STACKS],
                resources=[stacks],
            ),
            iam.PolicyStatement(
                sid="ReadElastiCache",
                actions=["elasticache:DescribeCacheClusters", "elasticache:DescribeReplicationGroups"],
                resources=[elasticache_arn("replicationgroup", "*"), elasticache_arn("cluster", "*")],
            ),
            iam.PolicyStatement(
                sid="WhenSecretsWereDrawn",
                actions=["secretsmanager:ListSecretVersionIds"],
                resources=[f"arn:{partition}:secretsmanager:{Aws.REGION}:{account}:secret:*AuthToken*"],
            ),
        )
        for statement in statements:
            self.role.add_to_policy(statement)
        acknowledge_statements(self.role, statements, "stacks of this environment, whose ids and groups have generated names")
