"""The run lock where an answer of DynamoDB is lost, and botocore writes a second time; and an ending of somebody who never had the lock.

The table is moto's, which checks conditions as DynamoDB does; that a repeated write is refused for what the first one did is botocore's doing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.inplace.builders import run_settings
from uplift.inplace.aws.run_lock import RunLock
from uplift.inplace.records.run_record import RunKey
from uplift.inplace.records.run_state import CaughtError, Outcome, RunState
from uplift.inplace.steps.adapters import ControlAdapters
from uplift.inplace.steps.report_and_unlock import EndingSteps
from uplift.inplace.steps.take_lock import LockStep

NOW = 1_800_000_000
KEY = RunKey("legacy", "3.2.6", "redis-5.0.6", 1)
REGION = "us-gov-west-1"


@dataclass
class _Table:
    """Writes twice where an answer was lost; `after` happens behind each write."""

    table: Any
    loses_answers: bool = False
    after: Callable[[], None] = lambda: None

    def get_item(self, **arguments: Any) -> Any:
        return self.table.get_item(**arguments)

    def delete_item(self, **arguments: Any) -> Any:
        return self.table.delete_item(**arguments)

    def update_item(self, **arguments: Any) -> Any:
        try:
            if self.loses_answers:
                self.table.update_item(**arguments)
            return self.table.update_item(**arguments)
        finally:
            self.after()


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        dynamodb = boto3.resource("dynamodb", region_name=REGION)
        yield dynamodb.create_table(
            TableName="locks",
            KeySchema=[{"AttributeName": "source", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "source", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )


@dataclass
class _Executions:
    running: bool | None

    def is_running(self, _arn: str) -> bool | None:
        return self.running


@dataclass
class _AlarmActions:
    unmuted: int = 0

    def unmute(self) -> None:
        self.unmuted += 1


def _lock_over(table: Any, owner: str = "arn:me") -> RunLock:
    return RunLock(table, "legacy", owner)


def _adapters(lock: RunLock, *, running: bool | None = None, now: int = NOW, alarm_actions: Any = None) -> ControlAdapters:
    """Only what lock and unlock work with."""
    nothing: Any = None
    executions: Any = _Executions(running)
    return ControlAdapters(
        run_settings(), nothing, nothing, lock, nothing, nothing, alarm_actions, executions, lock.owner, lambda: float(now)
    )


def _takes(lock: RunLock, *, running: bool | None, now: int = NOW) -> bool:
    return LockStep(_adapters(lock, running=running, now=now))._takes_lock()


@pytest.mark.parametrize("loses_answers", [False, True])
@pytest.mark.parametrize(
    ("running", "later", "takes"),
    [(True, 5_000, False), (False, 0, True), (None, 0, False), (None, 901, True)],
    ids=["runs, its lease over", "has ended", "unknown", "unknown, its lease over"],
)
def test_who_gets_the_lock_of_another(table: Any, running: bool | None, later: int, takes: bool, loses_answers: bool) -> None:
    assert RunLock(table, "legacy", "arn:other").take(NOW)
    mine = _lock_over(_Table(table, loses_answers))
    assert _takes(mine, running=running, now=NOW + later) is takes
    assert mine.holder() == ("arn:me" if takes else "arn:other")


def test_a_lock_that_is_given_back_meanwhile_is_taken(table: Any) -> None:
    other = RunLock(table, "legacy", "arn:other")
    other.take(NOW)
    mine = _lock_over(_Table(table, after=other.close))
    assert _takes(mine, running=True)


@pytest.mark.parametrize("loses_answers", [False, True])
def test_the_modify_is_requested_once_though_the_answer_was_lost(table: Any, loses_answers: bool) -> None:
    lock = _lock_over(_Table(table, loses_answers))
    lock.take(NOW)
    lock.begin(KEY, failover_before=True)
    assert lock.request_modify(NOW, census_pages=1)
    assert not lock.request_modify(NOW, census_pages=1)


@pytest.mark.parametrize(
    ("state", "keeps"),
    [
        (RunState(outcome=Outcome.UPGRADED), False),
        (RunState(outcome=Outcome.FAILED), True),
        # What was found could not be reported: a loss would be forgotten.
        (RunState(outcome=Outcome.UPGRADED, report_trouble=CaughtError(Error="Runtime.ExitError")), True),
    ],
)
def test_a_run_that_has_something_left_to_say_keeps_its_record(table: Any, state: RunState, keeps: bool) -> None:
    lock = RunLock(table, "legacy", "arn:me")
    lock.take(NOW)
    lock.begin(KEY, failover_before=True)
    lock.request_modify(NOW, census_pages=1)
    alarm_actions = _AlarmActions()
    EndingSteps(_adapters(lock, alarm_actions=alarm_actions)).unlock(state)
    assert (lock.record() is not None, lock.holder(), alarm_actions.unmuted) == (keeps, "", 1)


def test_whoever_never_had_the_lock_lets_no_alarm_act(table: Any) -> None:
    """Its lock step failed, while another execution changes the engine with legacy's alarms muted."""
    other = RunLock(table, "legacy", "arn:other")
    other.take(NOW)
    alarm_actions = _AlarmActions()
    EndingSteps(_adapters(replace(other, owner="arn:me"), alarm_actions=alarm_actions)).unlock(RunState(outcome=Outcome.FAILED))
    assert (other.holder(), alarm_actions.unmuted) == ("arn:other", 0)
