"""The CloudFormation types that carry messages: topics, subscriptions, queues, logs, alarms."""

from __future__ import annotations

import json
from typing import Any

from rehearsal.cloud.cloudformation.resource_types import Made, Properties, Providers, ResourceType, keep, named


def message_types(p: Providers) -> dict[str, ResourceType]:
    """Every type by name."""
    sns, sqs, logs, cloudwatch = (p.client(name) for name in ("sns", "sqs", "logs", "cloudwatch"))

    def topic(name: str, properties: Properties) -> Made:
        attributes = {"KmsMasterKeyId": properties["KmsMasterKeyId"]} if "KmsMasterKeyId" in properties else {}
        arn = sns.create_topic(Name=name, Attributes=attributes)["TopicArn"]
        return arn, {"TopicArn": arn, "TopicName": name}

    def subscription(_name: str, properties: Properties) -> Made:
        made = sns.subscribe(TopicArn=properties["TopicArn"], Protocol=properties["Protocol"], Endpoint=properties["Endpoint"])
        # moto checks a policy by the scope it has then.
        for attribute in ("FilterPolicyScope", "FilterPolicy"):
            if attribute in properties:
                value = properties[attribute]
                text = value if isinstance(value, str) else json.dumps(value)
                sns.set_subscription_attributes(SubscriptionArn=made["SubscriptionArn"], AttributeName=attribute, AttributeValue=text)
        return made["SubscriptionArn"], {}

    def topic_policy(name: str, properties: Properties) -> Made:
        update_topic_policy(name, {}, properties)
        return name, {}

    def update_topic_policy(_name: str, _before: Properties, after: Properties) -> dict[str, Any]:
        for arn in after["Topics"]:
            sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=json.dumps(after["PolicyDocument"]))
        return {}

    def queue(name: str, _properties: Properties) -> Made:
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        return url, {"Arn": p.arn("sqs", name), "QueueName": name, "QueueUrl": url}

    def log_group(name: str, properties: Properties) -> Made:
        group_name = properties.get("LogGroupName", name)
        logs.create_log_group(logGroupName=group_name)
        return group_name, {"Arn": p.arn("logs", f"log-group:{group_name}:*")}

    def alarm(name: str, properties: Properties) -> Made:
        alarm_name = properties.get("AlarmName", name)
        update_alarm(alarm_name, {}, properties)
        return alarm_name, {"Arn": p.arn("cloudwatch", f"alarm:{alarm_name}")}

    def update_alarm(name: str, _before: Properties, after: Properties) -> dict[str, Any]:
        cloudwatch.put_metric_alarm(**after | {"AlarmName": name})
        return {}

    def dashboard(name: str, properties: Properties) -> Made:
        cloudwatch.put_dashboard(DashboardName=name, DashboardBody=properties["DashboardBody"])
        return name, {}

    def update_dashboard(name: str, _before: Properties, after: Properties) -> dict[str, Any]:
        cloudwatch.put_dashboard(DashboardName=name, DashboardBody=after["DashboardBody"])
        return {}

    return {
        "AWS::SNS::Topic": ResourceType(topic, keep, lambda arn, _: sns.delete_topic(TopicArn=arn)),
        "AWS::SNS::TopicPolicy": ResourceType(topic_policy, update_topic_policy),
        "AWS::SNS::Subscription": ResourceType(subscription, keep),
        "AWS::SQS::Queue": ResourceType(queue, keep, lambda url, _: sqs.delete_queue(QueueUrl=url)),
        "AWS::SQS::QueuePolicy": ResourceType(named, keep),
        "AWS::Logs::LogGroup": ResourceType(log_group, keep, lambda name, _: logs.delete_log_group(logGroupName=name)),
        "AWS::CloudWatch::Alarm": ResourceType(alarm, update_alarm, lambda name, _: cloudwatch.delete_alarms(AlarmNames=[name])),
        "AWS::CloudWatch::Dashboard": ResourceType(
            dashboard, update_dashboard, lambda name, _: cloudwatch.delete_dashboards(DashboardNames=[name])
        ),
    }
