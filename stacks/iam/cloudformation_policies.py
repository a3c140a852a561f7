"""What CloudFormation itself may do while it deploys our stacks: in place of AdministratorAccess, for `cdk bootstrap`.

The actions are those the registry's handlers of our resource types name (a test holds the two together); the resources are ours by
name wherever CloudFormation's generated names begin with the stack's. Legacy is denied by name: no deploy may touch it.
"""

from __future__ import annotations

from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.iam.cloudformation_data import elasticache_statements, network_statements, storage_statements
from stacks.iam.cloudformation_running import function_statements, identity_statements, watching_statements
from stacks.shared.acknowledge import acknowledge_statements
from uplift.settings.legacy import LegacySettings


class ExecutionPolicies(Construct):
    """Two managed policies, since one would be longer than the 6,144 characters IAM allows."""

    def __init__(
        self, scope: Construct, construct_id: str, *, prefix: str, environment: str, legacy: LegacySettings, role_path: str, boundary: str
    ) -> None:
        super().__init__(scope, construct_id)
        data = [*elasticache_statements(legacy), *storage_statements(prefix, environment), *network_statements()]
        running = [*identity_statements(prefix, role_path, boundary), *function_statements(prefix), *watching_statements(prefix)]
        self.policies: list[iam.ManagedPolicy] = []
        parts = (("Data", "Redis, secrets, storage, network", data), ("Running", "roles, functions, machines, alarms", running))
        for name, what, statements in parts:
            policy = iam.ManagedPolicy(self, name, description=f"CloudFormation: {what}", statements=statements)
            acknowledge_statements(policy, statements, "generated names: the narrowest scope each service's names allow")
            self.policies.append(policy)
