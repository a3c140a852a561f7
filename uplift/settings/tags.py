"""Tags of everything that takes them, and those an organisation requires.

Source: AWS general reference, "Tag naming limits and requirements", as far as every service takes it: keys of 128 and values of 256
characters, fifty on a resource, none that begins with `aws:`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import StringConstraints

_TEXT = r"[A-Za-z0-9 _.:/=+@-]"
TagKey = Annotated[str, StringConstraints(pattern=f"^{_TEXT}{{1,128}}$")]
TagValue = Annotated[str, StringConstraints(pattern=f"^{_TEXT}{{0,256}}$")]
Tags = Mapping[TagKey, TagValue]
# A resource takes fifty, of which CDK and CloudFormation set a few themselves.
_MOST_TAGS = 40


def tag_problems(tags: Mapping[str, str], required: tuple[str, ...]) -> Iterator[str]:
    """What AWS or the organisation would refuse."""
    for key in tags:
        if key.lower().startswith("aws:"):
            yield f"tags has {key!r}, allowed: keys that do not begin with aws:, which AWS keeps to itself"
    if len(tags) > _MOST_TAGS:
        yield f"tags has {len(tags)} entries, allowed: {_MOST_TAGS}"
    for key in required:
        if not tags.get(key):
            yield f"tags.{key} is missing, but required_tags names it; allowed: a value of 1 to 256 characters"
