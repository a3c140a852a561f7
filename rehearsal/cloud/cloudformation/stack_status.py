"""What CloudFormation lets nobody do with a stack, by its status and its protection.

Source: CloudFormation user guide, "Stack status codes" and "Protecting a stack from being deleted"; the words are those of its API.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.cloud.errors import refused

if TYPE_CHECKING:
    from rehearsal.cloud.cloudformation.stack_engine import Stack

_IN_REVIEW = "REVIEW_IN_PROGRESS"
_CAN_BE_UPDATED = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}


def check_may_be_changed(stack: Stack | None, name: str, change_set: str, kind: str) -> None:
    """Refuse a change set of type CREATE on a stack that is there, and of type UPDATE on one that is not, or cannot be updated.

    A stack whose first creation was rolled back is such a one: it can only be deleted.
    """
    exists = stack is not None and stack.status != _IN_REVIEW
    if kind == "CREATE":
        if exists:
            raise refused(
                "ValidationError", f"Stack [{name}] already exists and cannot be created again with the changeSet [{change_set}]."
            )
        return
    if stack is None or not exists:
        raise refused("ValidationError", f"Stack [{name}] does not exist")
    if stack.status not in _CAN_BE_UPDATED:
        raise refused("ValidationError", f"Stack:{stack.id} is in {stack.status} state and can not be updated.")


def check_may_be_deleted(stack: Stack) -> None:
    """Refuse the deletion of a protected stack, whatever its status."""
    if stack.termination_protection:
        raise refused("ValidationError", f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
