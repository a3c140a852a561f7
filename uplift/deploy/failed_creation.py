"""Stacks whose very creation failed: which of them a deploy makes anew, and which it must not go near.

The CDK CLI protects a stack before it executes the stack's first change set. Where that is rolled back, its next deploy deletes the stack
to make it anew, and CloudFormation refuses: "cannot be deleted while TerminationProtection is enabled". Nothing but the protection is in
the way, since a stack in ROLLBACK_COMPLETE holds nothing and can only be deleted (CloudFormation user guide, "Stack status codes").
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum

from uplift.deploy.deployed_stacks import DeployedStacks
from uplift.errors import NotSafe

# What is there, and what a person does about it; after it the same command goes on.
_BY_HAND = {
    "CREATE_FAILED": "its first creation failed and was not rolled back: what it made is still there; roll it back with "
    "`aws cloudformation rollback-stack --stack-name {name}`",
    "ROLLBACK_FAILED": "its first creation failed, and not all it made could be deleted again: its events name what is left; delete that, "
    "lift the stack's termination protection and delete the stack",
    "DELETE_FAILED": "somebody began to delete it, and something could not be deleted: its events name what is left; find out who, and "
    "finish the deletion, with `--retain-resources` for what holds data",
}


class Act(Enum):
    """What a deploy does about a stack before the CDK CLI is run."""

    NOTHING = "nothing"
    LIFT_PROTECTION = "lift its protection"
    STOP = "stop"


def act_on(status: str | None, *, protected: bool) -> Act:
    """Decide by a stack's status, None where there is no such stack. Protection is lifted on ROLLBACK_COMPLETE and on no other."""
    if status in _BY_HAND:
        return Act.STOP
    return Act.LIFT_PROTECTION if status == "ROLLBACK_COMPLETE" and protected else Act.NOTHING


def stop_where_creation_is_stuck(stacks: DeployedStacks, names: Iterable[str]) -> None:
    """Raise NotSafe with one line that names each stack a person has to look at first. Changes nothing."""
    states = {name: stacks.state(name) for name in names}
    stuck = [
        f"{name} is in {state.status}: {_BY_HAND[state.status].format(name=name)}"
        for name, state in states.items()
        if state.status is not None and act_on(state.status, protected=state.protected) is Act.STOP
    ]
    if stuck:
        raise NotSafe(f"{'; '.join(stuck)}; then run the same command again; nothing was deployed")


def lift_where_creation_was_rolled_back(stacks: DeployedStacks, names: Iterable[str], say: Callable[[str], None]) -> None:
    """Lift the protection of every stack that the CDK CLI is about to delete and make anew, and say so."""
    for name in names:
        state = stacks.state(name)
        if act_on(state.status, protected=state.protected) is Act.LIFT_PROTECTION:
            stacks.lift_protection(name)
            why = "its first creation was rolled back and holds nothing"
            say(f"{name}: {why}; termination protection is lifted so that it can be made anew")
