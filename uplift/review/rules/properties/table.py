"""One table of them all, and what a property means that no rule has words for."""

from __future__ import annotations

from collections.abc import Iterator

from uplift.review.finding import Finding, Impact
from uplift.review.rules.judgement import Judge, harmless, words
from uplift.review.rules.properties import facts, kept, keys, network, rights, run, told
from uplift.review.rules.properties.defaults import is_default_either_way
from uplift.review.templates.differences import Change, PropertyChange
from uplift.review.templates.known_values import holds_open, members
from uplift.review.wording.values import flattened, is_secret, said, secrets_in_the_clear

JUDGES: dict[str, dict[str, Judge]] = {
    kind: judges for subject in (facts, kept, keys, network, rights, run, told) for kind, judges in subject.BY_TYPE.items()
}
_WORDS_ONLY = frozenset(
    {
        "Tags",
        "Description",
        "GroupDescription",
        "AlarmDescription",
        "DashboardBody",
        "RoleDescription",
        "Comment",
        "DisplayName",
        "Metadata",
    }
)
_NOBODY_NOTICES = frozenset({"AWS::CDK::Metadata", "AWS::CloudWatch::Dashboard", "AWS::CloudFormation::WaitConditionHandle"})
# A list under such a name is a set: AWS gives it back in any order.
_SETS = ("Ids", "Arns", "Actions", "Tags", "Topics", "Queues", "Roles", "Users", "Groups", "SecurityGroups", "Subnets", "VPCZoneIdentifier")


def findings_of_properties(change: Change) -> Iterator[Finding]:
    """A finding on each property the table has a judge for; nothing on what it has none for."""
    judges = JUDGES.get(change.type, {})
    for name in dict.fromkeys(one.name for one in change.properties):
        if is_default_either_way(change, name):
            yield harmless("It is the default.").judged(f"{name} written otherwise", words(change, name)).on(change, [name])
            continue
        for judgement in dict.fromkeys(judges[name](change, name)) if name in judges else ():
            yield judgement.on(change, [name])


def impact_of_property(change: Change, one: PropertyChange) -> tuple[Impact, str]:
    """The class of a difference no finding is about, and a sentence of what it means."""
    if change.type in _NOBODY_NOTICES or one.name in _WORDS_ONLY:
        return Impact.HARMLESS, "Words and pictures for people."
    if one.follows:
        return Impact.HARMLESS, "It follows a resource that is made anew."
    if one.path[-1].endswith(_SETS) and _same_members(one):
        return Impact.HARMLESS, "The same members in another order."
    if (is_secret(one.path) and not holds_open(one.after)) or _is_newly_in_the_clear(one):
        return Impact.SECURITY, f"A secret in the clear, perhaps: {said(one)}."
    return Impact.BEHAVIOUR, "It is set otherwise, and does something else than before, perhaps."


def _is_newly_in_the_clear(one: PropertyChange) -> bool:
    return bool(set(secrets_in_the_clear(one.after, one.path)) - set(secrets_in_the_clear(one.before, one.path)))


def _same_members(one: PropertyChange) -> bool:
    before, after = (sorted(flattened(item) for item in members(side)) for side in (one.before, one.after))
    return before == after
