"""Edits of what is no group: resources that are new, values deep inside, statements and definitions."""

from __future__ import annotations

import copy
import json
from typing import Any

from tests.review.edits import UPGRADE, Edit, Templates, resource

NEW = "New"
KEY, TOPIC, TOPIC_POLICY, MAIL = (
    "PeopleKey3360A515",
    "PeopleTopic78050798",
    "PeopleTopicPolicy7E2701BC",
    "PeopleTopicvetsapioncallexamplegov0947E2F3",
)
EVENTS_MAIL, EVENTS_POLICY = "ElastiCacheEventsvetsapioncallexamplegov9C83E72E", "ElastiCacheEventsPolicy26E1F460"
BUCKET, BUCKET_POLICY, TABLE = "ReportsBucket95FE29A2", "ReportsBucketPolicyDDF1E8F1", "RunLockTable681B3BAA"
LOGS, FUNCTION, MACHINE = "ControlLogs7AC46C76", "ControlFunction8A0764F3", "InPlaceUpgradeMachineFFE83557"
QUEUE, SCHEDULE = "ScheduleDeadLetters4CA0E1C2", "Schedule15669BF1"
APPLICATION, CONTROL, ROLE = "ApplicationPolicy0F442CB3", "ControlRoleDefaultPolicyB4AB25C5", "ControlRole81221A0C"
FACT, ALARM = "FactPrimaryEndpoint059A983A", "AlarmsNode001EngineCPUUtilization3D401475"
IMPORTED = {"Fn::ImportValue": "elsewhere"}


def new(kind: str, stack: str = UPGRADE, logical_id: str = NEW, **properties: Any) -> Edit:
    """One more resource."""

    def edit(templates: Templates) -> None:
        templates[stack]["Resources"][logical_id] = {"Type": kind, "Properties": copy.deepcopy(properties)}

    return edit


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action: Any, on: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": on, **more}


def deny(action: Any, on: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": on, **more}


def inside(logical_id: str, stack: str, path: str, value: Any) -> Edit:
    """Set what lies deeper in a property; None takes it away."""

    def edit(templates: Templates) -> None:
        *way, last = path.split(".")
        held: Any = resource(logical_id, stack)(templates)["Properties"]
        for step in way:
            held = held[int(step)] if isinstance(held, list) else held[step]
        if value is None:
            del held[last]
        else:
            held[last] = copy.deepcopy(value)

    return edit


def statement(logical_id: str, stack: str, added: dict[str, Any]) -> Edit:
    return lambda templates: resource(logical_id, stack)(templates)["Properties"]["PolicyDocument"]["Statement"].append(
        copy.deepcopy(added)
    )


def definition(change: Any) -> Edit:
    """The in-place machine's definition, read, changed and written again."""

    def edit(templates: Templates) -> None:
        properties = resource(MACHINE, UPGRADE)(templates)["Properties"]
        parts = properties["DefinitionString"]["Fn::Join"][1]
        text = "".join(part if isinstance(part, str) else f"@{json.dumps(part).encode().hex()}@" for part in parts)
        found = change(json.loads(text))
        written = (found if isinstance(found, str) else json.dumps(found)).split("@")
        again = [json.loads(bytes.fromhex(part)) if place % 2 else part for place, part in enumerate(written)]
        properties["DefinitionString"] = {"Fn::Join": ["", again]}

    return edit


def each_state(change: Any) -> Any:
    def apply(machine: dict[str, Any]) -> dict[str, Any]:
        return machine | {"States": {name: change(name, state) for name, state in machine["States"].items()}}

    return apply


SHUT = {"BlockPublicAcls": True, "BlockPublicPolicy": True, "IgnorePublicAcls": True, "RestrictPublicBuckets": True}
A_RULE = new(
    "AWS::Events::Rule",
    logical_id="Failures",
    EventPattern={"source": ["aws.states"], "detail": {"status": ["FAILED", "TIMED_OUT"]}},
    Targets=[{"Id": "a", "Arn": {"Ref": TOPIC}}],
)
