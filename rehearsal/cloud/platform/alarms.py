"""Which alarms would ring: metrics over every way in which CloudWatch can cut time into periods.

moto keeps alarms and evaluates none. Modelled: metrics and expressions of IF, FILL, comparisons, AND and OR; a threshold that must be
exceeded; missing data that breaches nothing; the metrics of Step Functions and those that functions put. Everything else is no alarm here,
a threshold that CloudWatch learns (anomaly detection) and expressions over ElastiCache's metrics among it.
Source: CloudWatch user guide, "Using metric math".
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import moto.backends

_Value = float | None
_STATISTICS: Mapping[str, Callable[[Sequence[float]], float]] = {"Sum": sum, "Maximum": max}
# Nodes file no metrics here, so no expression of theirs ever rings.
_NOT_MEASURED = "AWS/ElastiCache"
_EXECUTIONS = {"ExecutionsFailed": "FAILED", "ExecutionsTimedOut": "TIMED_OUT", "ExecutionsAborted": "ABORTED"}
_COMPARE: Mapping[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Gt: lambda one, other: one > other,
    ast.Lt: lambda one, other: one < other,
    ast.Eq: lambda one, other: one == other,
}


@dataclass(frozen=True)
class _Metric:
    """Data points, each with its time in seconds since 1970, and what a period makes of them."""

    points: tuple[tuple[float, float], ...]
    statistic: str

    def over(self, start: float, period: float) -> _Value:
        values = [value for at, value in self.points if start <= at < start + period]
        return _STATISTICS[self.statistic](values) if values else None


@dataclass(frozen=True)
class _Alarm:
    name: str
    threshold: float
    period: float
    expression: str
    metrics: Mapping[str, _Metric]

    def rings(self) -> bool:
        """Whether any period, however periods are cut, is over the threshold."""
        times = [at for metric in self.metrics.values() for at, _ in metric.points]
        starts = [*times, *(at - self.period + 0.001 for at in times)]
        values = [self._value(start) for start in starts]
        return any(value is not None and value > self.threshold for value in values)

    def _value(self, start: float) -> _Value:
        found = {name: metric.over(start, self.period) for name, metric in self.metrics.items()}
        return _evaluated(ast.parse(self.expression, mode="eval").body, found)


class Alarms:
    """The alarms of one account and region."""

    def __init__(self, account: str, region: str) -> None:
        self._account, self._region = account, region
        self._forgotten: set[str] = set()

    def ringing(self) -> list[str]:
        """The names of alarms with actions that would have rung since the last `forget`."""
        found = [
            self._read(alarm) for alarm in self._backend("cloudwatch").alarms.values() if alarm.alarm_actions and alarm.actions_enabled
        ]
        return sorted(alarm.name for alarm in found if alarm is not None and alarm.rings())

    def forget(self) -> None:
        """Forget every data point so far, and every execution that has ended."""
        self._backend("cloudwatch").metric_data.clear()
        self._forgotten.update(execution.exec_arn for execution in self._executions() if execution.stop_date is not None)

    def _read(self, alarm: Any) -> _Alarm | None:
        if alarm.threshold_metric_id:
            return None
        if not alarm.metric_data_queries:
            if alarm.statistic not in _STATISTICS:
                return None
            metric = self._metric(alarm.namespace, alarm.metric_name, alarm.dimensions, alarm.statistic)
            return _Alarm(alarm.name, float(alarm.threshold), float(alarm.period), "metric", {"metric": metric})
        stats = {query.id: query.metric_stat for query in alarm.metric_data_queries if query.metric_stat}
        if any(stat.metric.namespace == _NOT_MEASURED for stat in stats.values()):
            return None
        metrics = {
            name: self._metric(stat.metric.namespace, stat.metric.metric_name, stat.metric.dimensions, stat.stat)
            for name, stat in stats.items()
        }
        (expression,) = [query.expression for query in alarm.metric_data_queries if query.expression]
        period = float(next(iter(stats.values())).period)
        return _Alarm(alarm.name, float(alarm.threshold), period, re.sub(r" (AND|OR) ", _lower, expression), metrics)

    def _metric(self, namespace: str, name: str, dimensions: list[Any], statistic: str) -> _Metric:
        wanted = {one.name: one.value for one in dimensions}
        if namespace == "AWS/States":
            return _Metric(tuple(self._ended(_EXECUTIONS.get(name, ""), wanted["StateMachineArn"])), statistic)
        points = [
            (datum.timestamp.timestamp(), float(datum.value))
            for datum in self._backend("cloudwatch").metric_data
            if (datum.namespace, datum.name) == (namespace, name) and {one.name: one.value for one in datum.dimensions} == wanted
        ]
        return _Metric(tuple(points), statistic)

    def _ended(self, status: str, machine_arn: str) -> Iterator[tuple[float, float]]:
        for execution in self._executions():
            is_new = execution.stop_date is not None and execution.exec_arn not in self._forgotten
            if is_new and execution.state_machine.arn == machine_arn and str(execution.exec_status.value) == status:
                yield execution.stop_date.timestamp(), 1.0

    def _executions(self) -> list[Any]:
        return [execution for machine in self._backend("stepfunctions").state_machines for execution in machine.executions]

    def _backend(self, service: str) -> Any:
        backends: Any = moto.backends.get_backend(service)
        return backends[self._account][self._region]


def _lower(found: re.Match[str]) -> str:
    return found[0].lower()


def _evaluated(node: ast.expr, values: Mapping[str, _Value]) -> _Value:
    match node:
        case ast.Constant(value=float() | int() as number):
            return float(number)
        case ast.Name(id=name):
            return values[name]
        case ast.Call(func=ast.Name(id="FILL"), args=[inner, other]):
            found = _evaluated(inner, values)
            return _evaluated(other, values) if found is None else found
        case ast.Call(func=ast.Name(id="IF"), args=[condition, yes, no]):
            return _evaluated(yes if _evaluated(condition, values) else no, values)
        case ast.Compare(left=left, ops=[operator], comparators=[right]):
            one, other_value = _evaluated(left, values), _evaluated(right, values)
            if one is None or other_value is None:
                return None
            return float(_COMPARE[type(operator)](one, other_value))
        case ast.BoolOp(op=operator, values=parts):
            found_values = [bool(_evaluated(part, values)) for part in parts]
            return float(all(found_values) if isinstance(operator, ast.And) else any(found_values))
        case _:
            raise ValueError(f"an expression that is not modelled: {ast.unparse(node)}")
