"""Who is named in `upgrade.notify`, in the templates: mail, an https endpoint and a topic that exists already."""

from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from stacks.groups.events_topic import ROUTINE_EVENTS, EventsTopic
from stacks.shared.notification_topic import PeopleTopic
from tests.stacks.variants import synthesise
from uplift.settings.environment import EnvironmentSettings
from uplift.settings.load import load_settings
from uplift.settings.receivers import Receivers

MAIL, PAGER = "a@example.gov", "https://pager.example.gov/integration/key"
TOPIC = "arn:aws-us-gov:sns:us-gov-west-1:333333333333:chat"
MOST_KEYS_OF_A_FILTER = 5


def _topics(*entries: str) -> dict[str, Any]:
    stack = cdk.Stack(cdk.App(), "Stack")
    PeopleTopic(stack, "People", receivers=Receivers.of(entries))
    EventsTopic(stack, "Events", receivers=Receivers.of(entries))
    return dict(Template.from_stack(stack).find_resources("AWS::SNS::Subscription"))


def test_taking_one_receiver_out_leaves_the_others_as_they_are() -> None:
    """SNS takes an endpoint under another logical id for the same subscription; deleting the old id would then delete it."""
    before, after = _topics(MAIL, PAGER), _topics(PAGER)
    assert {name: before[name] for name in after} == after
    assert {one["Properties"]["Endpoint"] for one in after.values()} == {PAGER}


def test_a_pager_gets_no_notice_and_nobody_what_is_routine() -> None:
    found = {
        (one["Properties"]["Protocol"], "Events" in name): one["Properties"].get("FilterPolicy")
        for name, one in _topics(MAIL, PAGER).items()
    }
    routine = {event: [{"exists": False}] for event in ROUTINE_EVENTS}
    assert found == {
        ("email", False): None,
        ("https", False): {"notice": [{"exists": False}]},
        ("email", True): routine,
        ("https", True): routine,
    }
    assert len(ROUTINE_EVENTS) <= MOST_KEYS_OF_A_FILTER


@pytest.fixture(scope="module")
def with_a_topic(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    prod = load_settings("prod")
    settings = EnvironmentSettings.model_validate(
        prod.model_dump() | {"upgrade": prod.upgrade.model_dump() | {"notify": (MAIL, PAGER, TOPIC)}}
    )
    stacks = synthesise("prod", settings, tmp_path_factory.mktemp("receivers")).stacks
    return {"Group": stacks["UpliftProdSidekiq"]["Resources"], "Upgrade": stacks["UpliftProdUpgrade"]["Resources"]}


@pytest.mark.parametrize("stack", ["Group", "Upgrade"])
def test_every_alarm_goes_to_the_topic_that_exists_already(with_a_topic: dict[str, dict[str, Any]], stack: str) -> None:
    alarms = [one["Properties"]["AlarmActions"] for one in with_a_topic[stack].values() if one["Type"] == "AWS::CloudWatch::Alarm"]
    assert alarms
    assert {len(actions) for actions in alarms} == {2}
    assert all(TOPIC in actions for actions in alarms)


def test_functions_and_people_may_reach_it(with_a_topic: dict[str, dict[str, Any]]) -> None:
    policies = [one["Properties"]["PolicyDocument"] for one in with_a_topic["Upgrade"].values() if one["Type"] == "AWS::IAM::Policy"]
    about = [statement for policy in policies for statement in policy["Statement"] if TOPIC in json.dumps(statement)]
    # Control and recovery publish; control, and each of the four roles of people, look who is subscribed.
    assert sorted(statement["Action"] for statement in about) == ["sns:ListSubscriptionsByTopic"] * 5 + ["sns:Publish"] * 2
    settings = json.dumps([one["Properties"] for one in with_a_topic["Upgrade"].values() if one["Type"] == "AWS::Lambda::Function"])
    assert settings.count(TOPIC) == 3
