"""One page to watch an upgrade on: the run, and legacy while it changes."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from uplift.inplace.records.notice_names import METRIC_NAMESPACE, SOURCE_DIMENSION, UPGRADE_AGE
from uplift.settings.legacy import LegacySettings

_LEGACY_METRICS = ("CurrConnections", "EngineCPUUtilization", "DatabaseMemoryUsagePercentage", "ReplicationLag", "SaveInProgress")


class UpgradeDashboard(Construct):
    """Executions, the age of the upgrade, and legacy's own metrics."""

    def __init__(self, scope: Construct, construct_id: str, *, machine: sfn.StateMachine, legacy: LegacySettings) -> None:
        super().__init__(scope, construct_id)
        minute = Duration.minutes(1)
        first_node = legacy.id if legacy.is_standalone else f"{legacy.id}-001"
        age = cloudwatch.Metric(
            namespace=METRIC_NAMESPACE,
            metric_name=UPGRADE_AGE,
            dimensions_map={SOURCE_DIMENSION: legacy.id},
            statistic="Maximum",
            period=minute,
        )
        runs = [machine.metric_started(period=minute), machine.metric_succeeded(period=minute), machine.metric_failed(period=minute)]
        cloudwatch.Dashboard(
            self,
            "Dashboard",
            widgets=[
                [cloudwatch.GraphWidget(title="Runs", left=runs), cloudwatch.GraphWidget(title="Seconds since the modify", left=[age])],
                [
                    cloudwatch.GraphWidget(
                        title=name,
                        left=[
                            cloudwatch.Metric(
                                namespace="AWS/ElastiCache", metric_name=name, dimensions_map={"CacheClusterId": first_node}, period=minute
                            )
                        ],
                    )
                    for name in _LEGACY_METRICS
                ],
            ],
        )
