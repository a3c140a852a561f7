"""Who can reach what: the rules of security groups, and a group that moves.

A group's rules are compared as one set, wherever each is written: moving one from the group into a resource of its own lets the
same connections in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from uplift.review.finding import OPEN_TO_THE_INTERNET, UNTIL_TAKEN_BACK, WIDER, Finding, Impact, finding_on
from uplift.review.rules.ingress import (
    EGRESS,
    EVERYTHING_OUT,
    NETWORK,
    SECURITY_GROUP,
    Rule,
    has_inline_egress,
    is_covered,
    is_open_together,
    rules_of,
)
from uplift.review.templates.differences import Change, Fate
from uplift.review.templates.template import Resource, StackTemplate

_RULES = frozenset({"SecurityGroupIngress", "SecurityGroupEgress"})


def findings_of_network(change: Change, base: StackTemplate, head: StackTemplate) -> Iterator[Finding]:
    """Findings of a security group, or of a rule that is a resource of its own."""
    if change.type not in NETWORK:
        return
    after = _rules(change.after, head)
    before = [_followed(rule, change) for rule in _rules(change.before, base)]
    all_before, all_after = [*_of_stack(base), *before], _of_stack(head)
    about = {one.name for one in change.properties} & _RULES if change.type == SECURITY_GROUP else {one.name for one in change.properties}
    found = [*_opened(change, after, all_before), *_closed(change, before, after, all_after), *_doubles(change, before, after)]
    for finding in found:
        yield replace(finding, about=frozenset(about))
    if about and not found:
        yield finding_on(change, Impact.HARMLESS, "the same rules, written otherwise", "", about=about)
    if change.fate is Fate.RENAMED and change.type != SECURITY_GROUP and not found:
        yield from (_moved(change, rule) for rule in after)
    if change.fate is Fate.ADDED and change.type == SECURITY_GROUP:
        yield finding_on(change, Impact.HARMLESS, "a new security group", "")
    elif change.fate is Fate.REMOVED and change.type == SECURITY_GROUP:
        yield _removed(change, base, head)


def _rules(resource: Resource | None, stack: StackTemplate) -> list[Rule]:
    """One resource's rules, each with the name of its group."""
    if resource is None:
        return []
    if resource.type != SECURITY_GROUP:
        return [_named_by_attribute(rule, stack) for rule in rules_of(resource)]
    name = f"<{resource.logical_id}.GroupId>"
    rules = [_named_by_attribute(replace(rule, group=name), stack) for rule in rules_of(resource)]
    # A group that names no egress lets everything out, until a rule of egress is added to it (CloudFormation, AWS::EC2::SecurityGroup).
    elsewhere = [rule for one in stack.of_type(EGRESS) for rule in _rules(one, stack)]
    if not has_inline_egress(resource) and not any(rule.group == name for rule in elsewhere):
        rules.append(replace(EVERYTHING_OUT, group=name))
    return rules


def _of_stack(stack: StackTemplate) -> list[Rule]:
    return [rule for one in stack.of_type(*sorted(NETWORK)) for rule in _rules(one, stack)]


def _named_by_attribute(rule: Rule, stack: StackTemplate) -> Rule:
    """`Ref` of a group in a VPC gives its id as well (CloudFormation, AWS::EC2::SecurityGroup, "Return values")."""
    group, peer = (f"{name[:-1]}.GroupId>" if name[1:-1] in stack.resources else name for name in (rule.group, rule.peer))
    return replace(rule, group=group, peer=peer)


def _followed(rule: Rule, change: Change) -> Rule:
    """A rule of before as it is written in head, where only what it names is made anew or has another logical id."""
    if change.after is None or change.before is None:
        return rule
    if change.type == SECURITY_GROUP:
        return replace(rule, group=f"<{change.after.logical_id}.GroupId>")
    following = {one.name for one in change.properties if one.follows}
    now = next(iter(rules_of(change.after)), rule)
    group = now.group if following & {"GroupId", "GroupName"} else rule.group
    return replace(rule, group=group, peer=now.peer if any("SecurityGroupId" in name for name in following) else rule.peer)


def _opened(change: Change, after: list[Rule], known: list[Rule]) -> Iterator[Finding]:
    opened = [rule for rule in dict.fromkeys(sorted(after)) if not is_covered(rule, known)]
    if change.fate is Fate.ADDED and change.type == SECURITY_GROUP:
        # Nobody is in a new group yet: what it lets out is nobody's.
        opened = [rule for rule in opened if rule.direction == "ingress"]
    together = is_open_together(opened)
    for rule in opened:
        if rule.is_public or (together and rule.direction == "ingress"):
            yield finding_on(change, Impact.SECURITY, OPEN_TO_THE_INTERNET, f"{rule}.", "name the security group of the clients instead")
        else:
            yield finding_on(change, Impact.SECURITY, WIDER[rule.direction], f"{rule}.", "see that it is needed")


def _closed(change: Change, before: list[Rule], after: list[Rule], known: list[Rule]) -> Iterator[Finding]:
    for rule in dict.fromkeys(sorted(before)):
        if is_covered(rule, after):
            continue
        if rule in known:
            yield _moved(change, rule)
        elif is_covered(rule, known):
            yield finding_on(change, Impact.HARMLESS, "a rule that a wider one covers goes", f"{rule}.")
        elif rule.direction == "egress":
            yield finding_on(change, Impact.BEHAVIOUR, "narrower egress", f"No longer: {rule}.", "see that nothing needs it any more")
        else:
            yield finding_on(
                change,
                Impact.OUTAGE,
                "narrower ingress",
                f"No longer: {rule}. New connections from there are refused.",
                "see that nobody connects from there any more",
                outage=UNTIL_TAKEN_BACK,
            )


def _moved(change: Change, rule: Rule) -> Finding:
    """The rule is in another resource of head. A resource that is removed revokes it last, whoever else names it."""
    if change.fate is Fate.REMOVED and rule.direction == "ingress":
        return finding_on(
            change,
            Impact.OUTAGE,
            "a rule that another resource has as well is revoked",
            f"{rule}. EC2 holds it once: what is removed takes it away after the other was made.",
            "remove it in a deploy of its own, and add it again in the next",
            outage=UNTIL_TAKEN_BACK,
        )
    return finding_on(
        change,
        Impact.BEHAVIOUR,
        "a rule moves to another resource",
        f"{rule}. It is away for a moment; connections that stand go on.",
        "deploy in a quiet hour",
    )


def _doubles(change: Change, before: list[Rule], after: list[Rule]) -> Iterator[Finding]:
    """EC2 holds a rule once, so one of two equal entries takes it away when it goes (coverage roadmap, #612 and #1534)."""
    old, new = Counter(before), Counter(after)
    for rule in sorted(old):
        if 0 < new[rule] < old[rule]:
            ingress = rule.direction == "ingress"
            yield finding_on(
                change,
                Impact.OUTAGE if ingress else Impact.BEHAVIOUR,
                "one of two equal rules goes, and both are revoked",
                f"{rule}. EC2 holds it once.",
                "leave both, or remove both and add one in the next deploy",
                outage=UNTIL_TAKEN_BACK if ingress else None,
            )


def _removed(change: Change, base: StackTemplate, head: StackTemplate) -> Finding:
    """Whoever is in a group that goes is in it no longer; EC2 refuses to delete one that somebody outside still uses."""
    staying = [one for one in base.resources.values() if one.logical_id in head.resources]
    used = sorted(
        one.logical_id
        for one in staying
        if any(change.logical_id in one.references(name) for name in one.properties if name != "GroupId" or one.type not in NETWORK)
    )
    if not used:
        return finding_on(change, Impact.BEHAVIOUR, "security group removed", "Nothing that stays here names it.", "see who is in it")
    meaning = f"It was named by {', '.join(used)}."
    return finding_on(change, Impact.OUTAGE, "security group removed", meaning, "see who is in it", outage=UNTIL_TAKEN_BACK)
