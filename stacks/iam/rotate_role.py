"""The role that rotates one group's AUTH token. It is in the group's stack, because it is needed long after the upgrade's is deleted."""

from __future__ import annotations

from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from stacks.iam.elasticache_arns import elasticache_arn
from stacks.iam.operator_role import OperatorRole
from stacks.iam.statements import allow, arn
from stacks.shared.acknowledge import acknowledge_statements
from stacks.shared.group_facts import GroupFactNames
from uplift.settings.pipeline import PipelineSettings

_ON_THE_SECRET = (
    "DescribeSecret",
    "GetSecretValue",
    "ListSecretVersionIds",
    "PutSecretValue",
    "TagResource",
    "UpdateSecretVersionStage",
)


class RotateRole(OperatorRole):
    """What `uplift rotate-token` calls, on this group and this secret; trusted by the GitHub environment NAME-rotate-GROUP."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: GroupFactNames,
        group_id: str,
        secret: secretsmanager.ISecret,
        pipeline: PipelineSettings,
        role_path: str,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            work="rotate",
            github_environment=f"{names.environment}-rotate-{names.group}",
            description=f"Uplift {names.environment}: rotate the token of {names.group}",
            pipeline=pipeline,
            role_path=role_path,
        )
        facts = [arn("ssm", f"parameter{name}") for name in (names.group_id, names.secret_arn)]
        group = [elasticache_arn("replicationgroup", group_id)]
        statements = (
            allow("ReadFacts", "ssm", ["GetParameter"], facts),
            allow("ChangeToken", "elasticache", ["DescribeReplicationGroups", "ModifyReplicationGroup"], group),
            allow("KeepToken", "secretsmanager", _ON_THE_SECRET, [secret.secret_arn]),
            # It has no resource (Service Authorization Reference).
            allow("DrawToken", "secretsmanager", ["GetRandomPassword"], ["*"]),
        )
        for statement in statements:
            self.add_to_policy(statement)
        acknowledge_statements(self, statements, "GetRandomPassword has no resource")
