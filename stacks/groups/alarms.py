"""The alarms of one group: a set for each node, as ElastiCache files its metrics, and those of all nodes together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks.groups.replication_group import ReplicationGroup
from stacks.shared.runbooks import Runbook, Runbooks
from uplift.settings.groups import GroupSettings

_FIVE_MINUTES = 5
_WARNS_AT_MEMORY_PERCENT = 80
_FULL_PERCENT = 99
_MINUTES_WITHOUT_CLIENTS = 10


@dataclass(frozen=True, slots=True)
class NodeAlarm:
    """One alarm of one node: the metric is over `threshold` (or under it) in `breaching` of `periods` minutes-long periods."""

    metric: str
    statistic: str
    threshold: float
    minutes: int
    periods: int
    breaching: int
    meaning: str
    rings_below: bool = False


def node_alarms(group: GroupSettings) -> Iterator[NodeAlarm]:
    """What wakes somebody up. Periods follow AWS's recommended alarms."""
    limits = group.alarms
    yield NodeAlarm("CPUUtilization", "Average", limits.cpu_percent, 1, 5, 5, "the host is busy: snapshots, failover and TLS suffer")
    yield NodeAlarm("EngineCPUUtilization", "Average", limits.engine_cpu_percent, 1, 5, 5, "the one thread that runs commands is full")
    yield from _memory(group)
    yield NodeAlarm("FreeableMemory", "Minimum", limits.freeable_memory_bytes, 1, 5, 5, "the host runs out of memory", rings_below=True)
    yield NodeAlarm("SwapUsage", "Maximum", limits.swap_usage_bytes, _FIVE_MINUTES, 3, 3, "the node swaps")
    yield NodeAlarm("CurrConnections", "Average", limits.connections, 1, 10, 10, "clients do not give connections back")
    yield NodeAlarm("ReplicationLag", "Average", limits.replication_lag_seconds, 1, 15, 15, "a failover now would lose writes")
    yield NodeAlarm("TrafficManagementActive", "Maximum", 0, _FIVE_MINUTES, 1, 1, "ElastiCache holds traffic back: the node is too small")


def _memory(group: GroupSettings) -> Iterator[NodeAlarm]:
    """A group that evicts is full for good: there its memory says nothing, unless somebody asks for it."""
    percent, evictions = group.alarms.memory_percent, group.alarms.evictions_in_five_minutes
    if group.refuses_when_full:
        percent, evictions = percent or _WARNS_AT_MEMORY_PERCENT, evictions or 0
    if percent is not None:
        yield NodeAlarm("DatabaseMemoryUsagePercentage", "Average", percent, 1, 5, 5, "memory runs out")
    if evictions is not None:
        yield NodeAlarm("Evictions", "Sum", evictions, _FIVE_MINUTES, 1, 1, "keys are thrown out to make room")


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
        self._topics, self._runbooks = topics, runbooks
        node_ids = [replication_group.node_id(number) for number in range(1, group.node_count + 1)]
        for number, node_id in enumerate(node_ids, 1):
            for alarm in node_alarms(group):
                self._of_node(number, node_id, alarm)
        if not group.refuses_when_full:
            if group.alarms.evictions_in_five_minutes is None:
                self._above_usual_evictions(node_ids, group.alarms.evictions_band_width)
            self._full_and_evicts_nothing(node_ids)
        if group.alarms.fewest_connections is not None:
            self._too_few_clients(node_ids, group.alarms.fewest_connections)

    def _of_node(self, number: int, node_id: str, alarm: NodeAlarm) -> None:
        self._at_a_threshold(
            f"Node{number:03}{alarm.metric}",
            _metric(node_id, alarm.metric, alarm.statistic, alarm.minutes),
            f"Node {number:03}: {alarm.meaning}",
            threshold=alarm.threshold,
            periods=alarm.periods,
            breaching=alarm.breaching,
            rings_below=alarm.rings_below,
        )

    def _above_usual_evictions(self, node_ids: Sequence[str], band_width: int) -> None:
        """Against the group's own past, all nodes together, since only the primary evicts and it moves.

        CloudWatch makes the model with the alarm (user guide, "Using CloudWatch anomaly detection").
        """
        created = cloudwatch.AnomalyDetectionAlarm(
            self,
            "EvictionsAboveUsual",
            metric=_of_group("SUM", node_ids, "Evictions", "Sum", _FIVE_MINUTES),
            std_devs=band_width,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_UPPER_THRESHOLD,
            alarm_description=self._description("Many more keys than usual are thrown out to make room"),
            evaluation_periods=3,
            datapoints_to_alarm=3,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        self._tell(created)

    def _full_and_evicts_nothing(self, node_ids: Sequence[str]) -> None:
        """A cache that is full of what its policy may not evict refuses writes, as `volatile-lru` does with keys that have no TTL."""
        metrics = {
            "memory": _of_group("MAX", node_ids, "DatabaseMemoryUsagePercentage", "Maximum", 1),
            "evictions": _of_group("SUM", node_ids, "Evictions", "Sum", 1),
        }
        expression = f"IF(memory >= {_FULL_PERCENT} AND FILL(evictions, 0) == 0, 1, 0)"
        self._at_a_threshold(
            "FullAndEvictsNothing",
            cloudwatch.MathExpression(expression=expression, using_metrics=metrics, period=Duration.minutes(1)),
            "Memory is full and nothing can be evicted: writes are refused",
            threshold=0,
            periods=5,
            breaching=5,
        )

    def _too_few_clients(self, node_ids: Sequence[str], fewest: int) -> None:
        """Of the node with most of them, since the primary moves and replicas have none; silence counts as none."""
        self._at_a_threshold(
            "TooFewConnections",
            _of_group("MAX", node_ids, "CurrConnections", "Average", 1),
            "Fewer clients than usual are connected: is the application there?",
            threshold=fewest,
            periods=_MINUTES_WITHOUT_CLIENTS,
            breaching=_MINUTES_WITHOUT_CLIENTS,
            rings_below=True,
            missing=cloudwatch.TreatMissingData.BREACHING,
        )

    def _at_a_threshold(
        self,
        construct_id: str,
        metric: cloudwatch.Metric | cloudwatch.MathExpression,
        meaning: str,
        *,
        threshold: float,
        periods: int,
        breaching: int,
        rings_below: bool = False,
        missing: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING,
    ) -> None:
        comparison = cloudwatch.ComparisonOperator
        created = metric.create_alarm(
            self,
            construct_id,
            alarm_description=self._description(meaning),
            threshold=threshold,
            comparison_operator=comparison.LESS_THAN_THRESHOLD if rings_below else comparison.GREATER_THAN_THRESHOLD,
            evaluation_periods=periods,
            datapoints_to_alarm=breaching,
            treat_missing_data=missing,
        )
        self._tell(created)

    def _description(self, meaning: str) -> str:
        return self._runbooks.description(meaning, Runbook.GROUP_ALARMS)

    def _tell(self, alarm: cloudwatch.AlarmBase) -> None:
        alarm.add_alarm_action(*(actions.SnsAction(topic) for topic in self._topics))
        alarm.add_ok_action(*(actions.SnsAction(topic) for topic in self._topics))


def _metric(node_id: str, name: str, statistic: str, minutes: int) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace="AWS/ElastiCache",
        metric_name=name,
        dimensions_map={"CacheClusterId": node_id},
        statistic=statistic,
        period=Duration.minutes(minutes),
    )


def _of_group(how: str, node_ids: Sequence[str], name: str, statistic: str, minutes: int) -> cloudwatch.Metric | cloudwatch.MathExpression:
    """One metric of all nodes together; of a single node, its own."""
    nodes = {f"{name.lower()}{number}": _metric(node_id, name, statistic, minutes) for number, node_id in enumerate(node_ids, 1)}
    if len(nodes) == 1:
        return next(iter(nodes.values()))
    return cloudwatch.MathExpression(expression=f"{how}([{', '.join(nodes)}])", using_metrics=nodes, period=Duration.minutes(minutes))
