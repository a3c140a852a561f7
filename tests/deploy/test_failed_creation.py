"""What a deploy does about a stack whose creation failed, by its status."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from mypy_boto3_cloudformation.literals import StackStatusType

from uplift.deploy.deployed_stacks import StackState
from uplift.deploy.failed_creation import Act, act_on, lift_where_creation_was_rolled_back, stop_where_creation_is_stuck
from uplift.errors import NotSafe

_STUCK = {"CREATE_FAILED", "DELETE_FAILED", "ROLLBACK_FAILED"}


class _Stacks:
    """As much of CloudFormation as is asked for."""

    def __init__(self, **states: StackState) -> None:
        self.states, self.lifted = states, list[str]()

    def state(self, name: str) -> StackState:
        return self.states.get(name, StackState(None, protected=False))

    def lift_protection(self, name: str) -> None:
        self.lifted.append(name)


def test_protection_is_lifted_after_a_rolled_back_creation_and_never_else() -> None:
    statuses: list[str | None] = [None, *get_args(StackStatusType)]
    assert {status for status in statuses if act_on(status, protected=True) is Act.LIFT_PROTECTION} == {"ROLLBACK_COMPLETE"}
    assert act_on("ROLLBACK_COMPLETE", protected=False) is Act.NOTHING
    for protected in (True, False):
        assert {status for status in statuses if act_on(status, protected=protected) is Act.STOP} == _STUCK


def test_it_is_lifted_where_it_is_in_the_way_and_said() -> None:
    stacks: Any = _Stacks(
        Dead=StackState("ROLLBACK_COMPLETE", protected=True),
        Open=StackState("ROLLBACK_COMPLETE", protected=False),
        Whole=StackState("UPDATE_ROLLBACK_COMPLETE", protected=True),
    )
    said: list[str] = []
    lift_where_creation_was_rolled_back(stacks, ["Dead", "Open", "Whole", "New"], said.append)
    assert stacks.lifted == ["Dead"]
    assert said == [
        "Dead: its first creation was rolled back and holds nothing; termination protection is lifted so that it can be made anew"
    ]


def test_every_stack_that_is_stuck_is_named_in_one_line() -> None:
    stacks: Any = _Stacks(
        Half=StackState("CREATE_FAILED", protected=True),
        Left=StackState("ROLLBACK_FAILED", protected=True),
        Whole=StackState("CREATE_COMPLETE", protected=True),
    )
    with pytest.raises(NotSafe) as stopped:
        stop_where_creation_is_stuck(stacks, ["Half", "Left", "Whole", "New"])
    told = str(stopped.value)
    assert "Half is in CREATE_FAILED: its first creation failed and was not rolled back" in told
    assert "rollback-stack --stack-name Half`; Left is in ROLLBACK_FAILED: " in told
    assert told.endswith("; then run the same command again; nothing was deployed")
    assert "Whole" not in told
    assert "\n" not in told
    stop_where_creation_is_stuck(stacks, ["Whole", "New"])
    assert stacks.lifted == []
