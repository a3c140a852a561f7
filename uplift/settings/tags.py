"""Tags of everything that takes them, and those an organisation requires.

Source: AWS general reference, "Tag naming limits and requirements", as far as every service takes it: keys of 128 and values of 256
characters, fifty on a resource, none that begins with `aws:`; and no empty value (registry schema of AWS::CloudWatch::Alarm).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

from uplift.settings.lists import Pairs
from uplift.settings.values import Text

_TEXT = "[A-Za-z0-9 _.:/=+@-]"
_IN_WORDS = "of ASCII letters, digits, blanks and _ . : / = + @ -, which every service takes"
TagKey = Annotated[str, Text(f"1 to 128 characters, {_IN_WORDS}", f"{_TEXT}{{1,128}}")]
TagValue = Annotated[str, Text(f"1 to 256 characters, {_IN_WORDS}", f"{_TEXT}{{1,256}}")]
Tags = Annotated[Mapping[TagKey, TagValue], Pairs()]
# A resource takes fifty, of which CDK and CloudFormation set a few themselves.
_MOST_TAGS = 40


def tag_problems(tags: Mapping[str, str], required: tuple[str, ...]) -> Iterator[str]:
    """What AWS or the organisation would refuse."""
    first: dict[str, str] = {}
    for key in tags:
        if first.setdefault(key.lower(), key) != key:
            # IAM user guide, "Tagging IAM resources": keys are not told apart by capitals.
            yield f"tags has {first[key.lower()]!r} and {key!r}, allowed: one of them, IAM takes them for the same"
        if key.lower().startswith("aws:"):
            yield f"tags has {key!r}, allowed: keys that do not begin with aws:, which AWS keeps to itself"
    if len(tags) > _MOST_TAGS:
        yield f"tags has {len(tags)} entries, allowed: {_MOST_TAGS} (a resource takes 50, of which CDK and CloudFormation set some)"
    for key in required:
        written = first.get(key.lower(), key)
        if written != key:
            yield f"tags has {written!r}, but required_tags names {key!r}; allowed: the same capitals"
        elif not tags.get(key):
            yield f"tags.{key} is missing, but required_tags names it; allowed: a value of 1 to 256 characters"
