"""What is left in force when AWS itself fails while policies are restored."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from botocore.exceptions import ClientError

from uplift.deploy.deployed_stacks import DeployedStack
from uplift.deploy.stack_policy import stack_policy
from uplift.deploy.stack_policy_guard import StillLoosened, guarded
from uplift.review.review import review
from uplift.review.templates.template import Assembly, read_template


class _Stacks:
    """As much of CloudFormation as the guard asks for; `refuses` answers with an error."""

    def __init__(self, refuses: str) -> None:
        self.refuses, self.policies = refuses, dict[str, Any]()

    def exists(self, _name: str) -> bool:
        return True

    def set_policy(self, name: str, policy: str) -> None:
        if name == self.refuses:
            raise ClientError({"Error": {"Code": "Throttling", "Message": "Rate exceeded"}}, "SetStackPolicy")
        self.policies[name] = json.loads(policy)


def test_one_policy_that_cannot_be_set_does_not_keep_the_others_loosened() -> None:
    group = {"Resources": {"Group": {"Type": "AWS::ElastiCache::ReplicationGroup", "Properties": {}}}}
    before = {name: DeployedStack(read_template(name, group, name), {}) for name in ("A", "B")}
    head = Assembly("head", {name: read_template(name, group, name) for name in ("A", "B", "New")})
    stacks: Any = _Stacks(refuses="")
    made = review(Assembly("base", {name: one.template for name, one in before.items()}), head, today=date(2026, 11, 24))
    with (
        pytest.raises(StillLoosened, match=r"A \(.*Rate exceeded.*run the same command again"),
        guarded(stacks, before, head, made, lambda _line: None),
    ):
        stacks.refuses = "A"
    assert stacks.policies["B"] == stacks.policies["New"] == json.loads(stack_policy())
