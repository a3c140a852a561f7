"""Alarms that are muted while legacy changes: each is named in the rights of who mutes it.

Sources: IAM user guide, "IAM JSON policy elements: Resource" (wildcards, policy variables) and "IAM and AWS STS quotas"; the characters of
a policy are in the API reference, CreatePolicy.
"""

from __future__ import annotations

from collections.abc import Iterator

from uplift.settings.arns import Owner

# In a resource they stand for other names, too.
_NOT_LITERAL = ("*", "?", "${")
_LAST_CHARACTER = "\u00ff"
# Of the 6,144 characters of a managed policy, into which CDK moves what a role's own policies do not hold; the rest is for what is around.
_MOST_POLICY_CHARACTERS = 5_000


def name_problems(names: tuple[str, ...]) -> Iterator[str]:
    """Names that a policy could not hold, or not as they stand there."""
    for name in names:
        signs = [sign for sign in _NOT_LITERAL if sign in name]
        beyond = [character for character in name if character > _LAST_CHARACTER]
        if signs:
            yield f"alarms_to_mute has {name!r}, whose {signs[0]} means other alarms, too, in IAM; allowed: names without *, ? and ${{"
        if beyond:
            yield f"alarms_to_mute has {name!r}, and no IAM policy holds {beyond[0]!a}; allowed: characters up to U+00FF"


def muting_problems(names: tuple[str, ...], owner: Owner) -> Iterator[str]:
    """More names than the policy of whoever mutes them has room for."""
    size = sum(len(f'"arn:{owner.partition}:cloudwatch:{owner.region}:{owner.account}:alarm:{name}",') for name in names)
    if size > _MOST_POLICY_CHARACTERS:
        yield (
            f"legacy.alarms_to_mute: the ARNs of {len(names)} names take {size:,} characters of an IAM policy, allowed: "
            f"{_MOST_POLICY_CHARACTERS:,}; name fewer alarms"
        )
