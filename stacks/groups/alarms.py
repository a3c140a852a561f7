"""The alarms of one group, one set a node: ElastiCache files these metrics per member cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks.groups.replication_group import ReplicationGroup
from stacks.shared.runbooks import Runbook, Runbooks
from uplift.settings.groups import AlarmThresholds, GroupSettings


@dataclass(frozen=True, slots=True)
class NodeAlarm:
    """One alarm of one node: the metric is over `threshold` in `breaching` of `periods` minutes-long periods."""

    metric: str
    statistic: str
    threshold: float
    minutes: int
    periods: int
    breaching: int
    meaning: str


def node_alarms(thresholds: AlarmThresholds) -> tuple[NodeAlarm, ...]:
    """What wakes somebody up. Periods follow AWS's recommended alarms."""
    return (
        NodeAlarm("EngineCPUUtilization", "Average", thresholds.engine_cpu_percent, 1, 5, 5, "the one thread that runs commands is full"),
        NodeAlarm("DatabaseMemoryUsagePercentage", "Average", thresholds.memory_percent, 1, 5, 5, "memory runs out"),
        NodeAlarm("SwapUsage", "Maximum", thresholds.swap_usage_bytes, 5, 3, 3, "the node swaps"),
        NodeAlarm("CurrConnections", "Average", thresholds.connections, 1, 10, 10, "clients do not give connections back"),
        NodeAlarm("ReplicationLag", "Average", thresholds.replication_lag_seconds, 1, 15, 15, "a failover now would lose writes"),
        NodeAlarm("TrafficManagementActive", "Maximum", 0, 5, 1, 1, "ElastiCache holds traffic back: the node is too small"),
        NodeAlarm("Evictions", "Sum", thresholds.evictions_in_five_minutes, 5, 1, 1, "keys are thrown out to make room"),
    )


class GroupAlarms(Construct):
    """All alarms of all nodes of one group."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        replication_group: ReplicationGroup,
        group: GroupSettings,
        topics: Sequence[sns.ITopic],
        runbooks: Runbooks,
    ) -> None:
        super().__init__(scope, construct_id)
        for node in range(1, group.node_count + 1):
            for alarm in node_alarms(group.alarms):
                self._alarm(node, replication_group.node_id(node), alarm, topics, runbooks)

    def _alarm(self, node: int, node_id: str, alarm: NodeAlarm, topics: Sequence[sns.ITopic], runbooks: Runbooks) -> None:
        metric = cloudwatch.Metric(
            namespace="AWS/ElastiCache",
            metric_name=alarm.metric,
            dimensions_map={"CacheClusterId": node_id},
            statistic=alarm.statistic,
            period=Duration.minutes(alarm.minutes),
        )
        created = metric.create_alarm(
            self,
            f"Node{node:03}{alarm.metric}",
            alarm_description=runbooks.description(f"Node {node:03}: {alarm.meaning}", Runbook.GROUP_ALARMS),
            threshold=alarm.threshold,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=alarm.periods,
            datapoints_to_alarm=alarm.breaching,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        created.add_alarm_action(*(actions.SnsAction(topic) for topic in topics))
        created.add_ok_action(*(actions.SnsAction(topic) for topic in topics))
