"""Properties of one resource that do not go together, where no schema of cfn-lint says so."""

from __future__ import annotations

import json
from collections.abc import Iterator

from uplift.review.refusals.refusal import Refusal
from uplift.review.rules.ingress import EGRESS, INGRESS, SECURITY_GROUP
from uplift.review.templates.known_values import is_expression, known_number, known_text
from uplift.review.templates.template import Resource, StackTemplate, Value

_ALARM, _DASHBOARD, _SUBNETS = "AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard", "AWS::ElastiCache::SubnetGroup"
_DAY, _WEEK, _HOUR = 86_400, 604_800, 3600
_PROTOCOLS = frozenset({"tcp", "udp", "icmp", "icmpv6", "-1", "all"})
_HIGHEST_PORT = 65_535
_HIGHEST_PROTOCOL = 255


def refused_combinations(stack: StackTemplate) -> Iterator[Refusal]:
    """What each type's own rules say."""
    for alarm in stack.of_type(_ALARM):
        yield from _alarm(alarm)
    for dashboard in stack.of_type(_DASHBOARD):
        body = dashboard.property("DashboardBody")
        if isinstance(body, str) and not _is_json_object(body):
            yield Refusal(
                dashboard.logical_id,
                "DashboardBody is no JSON object",
                "CloudWatch reads JSON",
                "write an object",
                frozenset({"DashboardBody"}),
            )
    for subnets in stack.of_type(_SUBNETS):
        if subnets.property("SubnetIds") == []:
            yield Refusal(
                subnets.logical_id, "no SubnetIds", "a subnet group has at least one subnet", "name one", frozenset({"SubnetIds"})
            )
    for resource in stack.of_type(SECURITY_GROUP, INGRESS, EGRESS):
        yield from _ports(resource)
    yield from _fifo(stack)
    yield from _not_packaged(stack)


def _alarm(alarm: Resource) -> Iterator[Refusal]:
    """CloudWatch API reference, PutMetricAlarm: EvaluationPeriods and Period."""
    periods, points, period = (known_number(alarm.property(name)) for name in ("EvaluationPeriods", "DatapointsToAlarm", "Period"))
    if periods is not None and points is not None and points > periods:
        yield Refusal(
            alarm.logical_id,
            f"DatapointsToAlarm {points:.0f} of {periods:.0f} periods",
            "there cannot be more than there are periods",
            f"allowed: 1 to {periods:.0f}",
            frozenset({"DatapointsToAlarm"}),
        )
    if periods is not None and period is not None:
        longest = _WEEK if period >= _HOUR else _DAY
        if periods * period > longest:
            yield Refusal(
                alarm.logical_id,
                f"{periods:.0f} periods of {period:.0f} s",
                f"an alarm looks back up to {longest // _DAY} days with such a period",
                f"allowed: up to {longest // period:.0f} periods",
                frozenset({"EvaluationPeriods"}),
            )


def _ports(resource: Resource) -> Iterator[Refusal]:
    """EC2 API reference, IpPermission."""
    if resource.type != SECURITY_GROUP:
        yield from _port_problems(resource, dict(resource.properties), frozenset({"FromPort", "ToPort", "IpProtocol"}))
        return
    for name in ("SecurityGroupIngress", "SecurityGroupEgress"):
        rules = resource.property(name)
        for rule in rules if isinstance(rules, list) else []:
            if isinstance(rule, dict) and not is_expression(rule):
                yield from _port_problems(resource, rule, frozenset({name}))


def _port_problems(resource: Resource, rule: Value, about: frozenset[str]) -> Iterator[Refusal]:
    protocol = known_text(rule.get("IpProtocol"))
    if protocol is not None and protocol.lower() not in _PROTOCOLS and not (protocol.isdigit() and int(protocol) <= _HIGHEST_PROTOCOL):
        yield Refusal(
            resource.logical_id,
            f"IpProtocol: {protocol}",
            "EC2 knows no such protocol",
            "allowed: tcp, udp, icmp, icmpv6, -1 or a number",
            about,
        )
    low, high = known_number(rule.get("FromPort")), known_number(rule.get("ToPort"))
    for name, port in (("FromPort", low), ("ToPort", high)):
        if port is not None and not -1 <= port <= _HIGHEST_PORT:
            yield Refusal(resource.logical_id, f"{name}: {port:.0f}", "there is no such port", f"allowed: 0 to {_HIGHEST_PORT}", about)
    if protocol in {"tcp", "udp", "6", "17"} and low is not None and high is not None and low > high:
        yield Refusal(
            resource.logical_id, f"ports {low:.0f} to {high:.0f}", "the first is above the last", "write them the other way round", about
        )


def _fifo(stack: StackTemplate) -> Iterator[Refusal]:
    """SQS and SNS API reference: a FIFO queue or topic is one by its name and by its property, or not at all."""
    for kind, name, flag in (("AWS::SQS::Queue", "QueueName", "FifoQueue"), ("AWS::SNS::Topic", "TopicName", "FifoTopic")):
        for resource in stack.of_type(kind):
            text, is_fifo = known_text(resource.property(name)), known_text(resource.property(flag) or False)
            if text is not None and is_fifo is not None and text.endswith(".fifo") != (is_fifo == "true"):
                yield Refusal(
                    resource.logical_id,
                    f"{name} {text} with {flag} {is_fifo}",
                    "a name ends with .fifo where it is one, and only there",
                    f"change {name} or {flag}",
                    frozenset({name, flag}),
                )


def _not_packaged(stack: StackTemplate) -> Iterator[Refusal]:
    """A path in place of an object is what `aws cloudformation package` puts an object in for (CLI reference); cfn-lint takes both."""
    for kind, name in (("AWS::Lambda::Function", "Code"), ("AWS::StepFunctions::StateMachine", "DefinitionS3Location")):
        for resource in stack.of_type(kind):
            if isinstance(resource.property(name), str):
                why = "only `aws cloudformation package` takes a path there"
                yield Refusal(resource.logical_id, f"{name} is a text", why, "write an object with the bucket and key", frozenset({name}))


def _is_json_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
