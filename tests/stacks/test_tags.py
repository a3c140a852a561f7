"""The environment's tags: on every resource that takes them, of both applications."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.stacks.handler_actions import takes_tags
from tests.stacks.variants import Synthesised, named

Synthesise = Callable[[str], Synthesised]


@pytest.mark.parametrize("name", named())
def test_everything_that_takes_tags_has_them(synthesised: Synthesise, name: str) -> None:
    one = synthesised(name)
    wanted = dict(one.settings.tags)
    for template in (*one.stacks.values(), one.rights):
        for logical_id, resource in template["Resources"].items():
            if takes_tags(resource["Type"]):
                assert _tags_of(resource) == wanted, logical_id


def _tags_of(resource: dict[str, Any]) -> dict[str, str]:
    tags = resource.get("Properties", {}).get("Tags", {})
    return tags if isinstance(tags, dict) else {tag["Key"]: tag["Value"] for tag in tags}
