"""The parameter group legacy uses from the upgrade on."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_elasticache as elasticache
from constructs import Construct

from uplift.settings.upgrade import UpgradeSettings


class LegacyParameterGroup(Construct):
    """Retained when the upgrade stack goes, since legacy goes on using it; not when its creation is rolled back, since nothing does yet."""

    def __init__(self, scope: Construct, construct_id: str, *, upgrade: UpgradeSettings) -> None:
        super().__init__(scope, construct_id)
        group = elasticache.CfnParameterGroup(
            self,
            f"Parameters{upgrade.target.family.title().replace('.', '')}",
            cache_parameter_group_family=upgrade.target.family,
            description=f"Legacy after its upgrade to {upgrade.target}",
            properties=dict(upgrade.parameters),
        )
        group.apply_removal_policy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        self.name = group.ref
