"""What the application needs to find one group and log in: a managed policy for whoever manages its roles to attach."""

from __future__ import annotations

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from stacks.shared.acknowledge import acknowledge_wildcards
from stacks.shared.group_facts import GroupFactNames


class ApplicationPolicy(Construct):
    """Reads the group's facts and its token, nothing else."""

    def __init__(
        self, scope: Construct, construct_id: str, *, names: GroupFactNames, secret: secretsmanager.ISecret, role_path: str
    ) -> None:
        super().__init__(scope, construct_id)
        facts = f"arn:{Aws.PARTITION}:ssm:{Aws.REGION}:{Aws.ACCOUNT_ID}:parameter{names.folder}/*"
        self.policy = iam.ManagedPolicy(
            self,
            "Policy",
            description=f"Find and log in to the {names.group} Redis of {names.environment}",
            path=role_path,
            statements=[
                iam.PolicyStatement(sid="ReadFacts", actions=["ssm:GetParameter", "ssm:GetParameters"], resources=[facts]),
                iam.PolicyStatement(sid="ReadToken", actions=["secretsmanager:GetSecretValue"], resources=[secret.secret_arn]),
            ],
        )
        finding = f"Resource::arn:<AWS::Partition>:ssm:<AWS::Region>:<AWS::AccountId>:parameter{names.folder}/*"
        acknowledge_wildcards(self.policy, {finding: "the facts of this one group"})
