"""What CloudFormation itself may do while it deploys our stacks: in place of AdministratorAccess, for `cdk bootstrap`.

The actions are those the registry's handlers of our resource types name (a test holds the two together); the resources are ours by
name wherever CloudFormation's generated names begin with the stack's. Legacy is denied by name, and so is the pipeline's own stack: no
deploy may touch the one or loosen the other.
"""

from __future__ import annotations

from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.iam.cloudformation_identity import identity_statements, keep_own_limits
from stacks.iam.cloudformation_network import network_statements
from stacks.iam.cloudformation_redis import elasticache_statements, keep_off_legacy
from stacks.iam.cloudformation_running import function_statements, watching_statements
from stacks.iam.cloudformation_storage import storage_statements
from stacks.shared.acknowledge import acknowledge_statements
from uplift.settings.pipeline_names import ExecutionPart, PipelineNames


class ExecutionPolicies(Construct):
    """One managed policy for each part. Their names are fixed, so that a deploy can be denied them."""

    def __init__(self, scope: Construct, construct_id: str, *, names: PipelineNames, boundary: str) -> None:
        super().__init__(scope, construct_id)
        settings, prefix = names.settings, names.prefix
        parts = {
            ExecutionPart.REDIS: [*elasticache_statements(), *keep_off_legacy(settings.legacy)],
            ExecutionPart.STORAGE: storage_statements(prefix, names.environment, names.qualifier),
            ExecutionPart.NETWORK: network_statements(settings.network),
            ExecutionPart.IDENTITY: [*identity_statements(prefix, settings.role_path, boundary), *keep_own_limits(names, boundary)],
            ExecutionPart.RUNNING: [*function_statements(prefix, names.qualifier), *watching_statements(prefix)],
        }
        for part, statements in parts.items():
            policy = iam.ManagedPolicy(
                self,
                part.title(),
                managed_policy_name=names.execution_policy(part),
                path=settings.role_path,
                description=f"What CloudFormation may do for {names.environment}: {part}",
                statements=statements,
            )
            acknowledge_statements(policy, statements, "generated names: the narrowest scope each service's names allow")
