"""Fields that are missing for the stacks that are chosen, said with all others that are missing.

The checks across sections ask for them, too, and are heard only once each section is right by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pydantic_core import ErrorDetails

from uplift.settings.base import PROBLEMS
from uplift.settings.environment import ChosenStacks, GroupName


def missing_for_the_stacks(content: object, errors: Sequence[ErrorDetails]) -> Iterator[ErrorDetails]:
    """What `errors` about the content of a file lack; nothing where the checks across sections were made."""
    if not isinstance(content, Mapping) or any(error["type"] == PROBLEMS and not error["loc"] for error in errors):
        return
    stacks = content.get("stacks", ChosenStacks.BOTH)
    if stacks in (ChosenStacks.BOTH, ChosenStacks.GROUPS):
        for group in GroupName:
            if content.get(group.field) is None:
                yield _missing(group.field)
    network = content.get("network")
    if stacks in (ChosenStacks.BOTH, ChosenStacks.UPGRADE) and isinstance(network, Mapping):
        if network.get("s3_prefix_list_id") is None:
            yield _missing("network", "s3_prefix_list_id")
        if network.get("endpoint_security_group_id") is None and network.get("create_vpc_endpoints", False) is False:
            yield _missing("network", "endpoint_security_group_id")


def _missing(*place: str) -> ErrorDetails:
    return ErrorDetails(type="missing", loc=place, msg="missing", input=None)
