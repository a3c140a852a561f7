"""A row of what AWS refuses and of what it takes, and the edits that several tables of them share."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from typing import Any

from tests.review.edits import APP_CACHE, GROUP, SECURITY_GROUP, UPGRADE, Edit, Templates, both, family, put

CONTROL, LOGS, SCHEDULE, MACHINE = "ControlFunction8A0764F3", "ControlLogs7AC46C76", "Schedule15669BF1", "InPlaceUpgradeMachineFFE83557"
ROLE, ALARM, FACT, BUCKET = "ControlRole81221A0C", "AlarmsNode001EngineCPUUtilization3D401475", "FactPortBEF31F09", "ReportsBucket95FE29A2"
POLICY, CLIENT = "ReportsBucketPolicyDDF1E8F1", "RedisSecurityGroupfromUpliftProdAppCacheRedisClientApi519C8E1F6379D409C0A7"
TO_7 = both(put(EngineVersion="7.1"), family("redis7"))


@dataclass(frozen=True)
class Refused:
    """One row. `on` may be a stack."""

    name: str
    head: Edit
    says: str
    on: str = GROUP
    base: Edit = lambda _templates: None


def add(logical_id: str, kind: str, stack: str = APP_CACHE, **properties: Any) -> Edit:
    def edit(templates: Templates) -> None:
        templates[stack]["Resources"][logical_id] = {"Type": kind, "Properties": copy.deepcopy(properties)}

    return edit


def section(name: str, stack: str = APP_CACHE, **members: Any) -> Edit:
    def edit(templates: Templates) -> None:
        templates[stack].setdefault(name, {}).update(copy.deepcopy(members))

    return edit


def without(name: str, member: str, stack: str = APP_CACHE) -> Edit:
    return lambda templates: templates[stack][name].pop(member)


def machine(**states: Any) -> Edit:
    """The machine with a definition of these states, which begins with Begin."""
    return put(MACHINE, UPGRADE, DefinitionString=json.dumps({"StartAt": "Begin", "States": states}))


def named(logical_id: str, kind: str, **properties: Any) -> Edit:
    return add(logical_id, kind, UPGRADE, **properties)


def logs(kind: str) -> Edit:
    """Log delivery to a log group."""
    details = {"CloudWatchLogsDetails": {"LogGroup": "a"}}
    delivery = {"LogType": kind, "LogFormat": "json", "DestinationType": "cloudwatch-logs", "DestinationDetails": details}
    return put(LogDeliveryConfigurations=[delivery])


def rule_of(**rule: Any) -> dict[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": 6379, "ToPort": 6379, "CidrIp": "10.1.0.0/16", **rule}


def rule_of_group(logical_id: str, **rule: Any) -> Edit:
    return add(logical_id, "AWS::EC2::SecurityGroupIngress", GroupId={"Fn::GetAtt": [SECURITY_GROUP, "GroupId"]}, **rule_of(**rule))


@dataclass(frozen=True)
class Taken:
    """What AWS takes, or what only the deploy knows: nothing may be *fails at deploy*."""

    name: str
    head: Edit
    base: Edit = lambda _templates: None
