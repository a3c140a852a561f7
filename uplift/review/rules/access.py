"""Who may do what: IAM and the policies of resources, allowed and denied, and who is given them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from uplift.review.finding import MORE_IS_ALLOWED, OPEN_TO_EVERYBODY, UNTIL_TAKEN_BACK, Finding, Impact, finding_on
from uplift.review.rules.access_documents import DEFAULT_ENDPOINT_POLICY, ENDPOINT, PERMISSION, ROLE, access_properties, grants_of
from uplift.review.rules.iam_conditions import is_about_tls
from uplift.review.rules.iam_grants import Grant, lost_denials, widened
from uplift.review.rules.judgement import follows_only
from uplift.review.rules.token_readers import KEY, Tokens, called_through, tokens_of
from uplift.review.templates.differences import Change, Fate
from uplift.review.templates.known_values import members
from uplift.review.templates.template import HOLDS_DATA, Resource, StackTemplate
from uplift.review.wording.values import flattened

_MOST_NAMED = 6
_HOLDERS = ("Roles", "Users", "Groups")
_POLICIES_FOR_HOLDERS = frozenset({"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"})
# What a policy of a resource is attached to: a policy that goes together with it opens nothing.
_TARGETS = ("Bucket", "Topics", "TopicArn", "Queues", "Queue", "SecretId", "RepositoryName", "FunctionName", *_HOLDERS, "RoleName")
_TELLS = ("sns:Publish", "sqs:SendMessage", "events:PutEvents")


def findings_of_access(change: Change, base: StackTemplate, head: StackTemplate) -> Iterator[Finding]:
    """Findings on every policy of a resource; nothing where it has none."""
    before, after = grants_of(change.before), grants_of(change.after)
    if change.fate is Fate.ADDED:
        before = _of_a_new_one(change.resource, after, base)
    elif change.fate is Fate.REMOVED and change.type in HOLDS_DATA | {ENDPOINT}:
        return
    elif change.fate is Fate.REMOVED and _goes_with_its_target(change, base, head):
        yield finding_on(change, Impact.HARMLESS, "goes with what it is for", "")
        return
    about = access_properties(change)
    if about and all(follows_only(change, name) for name in about):
        yield finding_on(change, Impact.HARMLESS, "its policies follow what they refer to", "", about=about)
        return
    tokens = tokens_of(base, head)
    found = [
        *_allowed(change, widened(before, after)),
        *_denials_removed(change, lost_denials(before, after)),
        *_denied(change, lost_denials(after, before), tokens),
        *_no_longer_allowed(change, widened(after, before), after, tokens),
    ]
    for finding in found:
        yield replace(finding, about=about)
    if about and not found:
        yield finding_on(change, Impact.HARMLESS, "the same rights, written otherwise", "", about=about)
    yield from _holders(change, after, tokens)


def _of_a_new_one(new: Resource, after: frozenset[Grant], base: StackTemplate) -> frozenset[Grant]:
    """What is allowed without it: everything on the way that a new endpoint takes, and a new key's own account, which made it."""
    if new.type == ENDPOINT:
        return DEFAULT_ENDPOINT_POLICY
    own = {"AWS:account <AWS::AccountId>"} | {grant.principal for key in base.of_type(KEY) for grant in grants_of(key)}
    return frozenset(grant for grant in after if new.type == KEY and grant.principal in own and grant.principal.startswith("AWS:account "))


def _goes_with_its_target(change: Change, base: StackTemplate, head: StackTemplate) -> bool:
    """Whether everything a policy is attached to is deleted as well; what is kept outside the stack loses it."""
    targets = {logical_id for name in _TARGETS for logical_id in change.resource.references(name)}
    kept = [one for one in targets if one in base.resources and base.resources[one].deletion_policy.startswith("Retain")]
    return bool(targets) and not kept and not targets & head.resources.keys()


def _allowed(change: Change, wider: Sequence[Grant]) -> Iterator[Finding]:
    # Only what is in the network reaches an endpoint.
    if change.type != ENDPOINT and (public := [grant for grant in wider if grant.is_public]):
        yield finding_on(change, Impact.SECURITY, OPEN_TO_EVERYBODY, _named(public), "name who is meant")
    elif wider:
        yield finding_on(change, Impact.SECURITY, MORE_IS_ALLOWED, _named(wider), "see that each is needed")


def _denials_removed(change: Change, lost: Sequence[Grant]) -> Iterator[Finding]:
    if lost:
        yield finding_on(change, Impact.SECURITY, "a denial was removed", _named(lost), "keep it")


def _denied(change: Change, denied: Sequence[Grant], tokens: Tokens) -> Iterator[Finding]:
    """More is denied: an explicit denial overrules everything allowed (IAM user guide, "Policy evaluation logic")."""
    if without_tls := [grant for grant in denied if is_about_tls(grant.condition)]:
        yield finding_on(change, Impact.HARMLESS, "requests without TLS are denied", _named(without_tls))
    left = [grant for grant in denied if not is_about_tls(grant.condition)]
    for impact, grants in _by_impact(left, lambda grant: _impact_of_denial(change, grant, tokens)).items():
        yield _less(change, impact, "more is denied", grants)


def _no_longer_allowed(change: Change, lost: Sequence[Grant], after: frozenset[Grant], tokens: Tokens) -> Iterator[Finding]:
    for impact, grants in _by_impact(lost, lambda grant: _impact_of_loss(change, grant, after, tokens)).items():
        yield _less(change, impact, "less is allowed", grants)


def _less(change: Change, impact: Impact, what: str, grants: Sequence[Grant]) -> Finding:
    match impact:
        case Impact.OUTAGE:
            meaning = "Whoever reads the AUTH token by it can no longer connect after its next start: "
            action = "see that nobody reads the token by it any more"
        case Impact.PROTECTION:
            meaning, action = "What was sent there, such as an alarm, may no longer arrive: ", "keep it, or see that nobody sends there"
        case _:
            meaning, action = "", "see that nothing needs it any more"
    outage = UNTIL_TAKEN_BACK if impact is Impact.OUTAGE else None
    return finding_on(change, impact, what, meaning + _named(grants), action, outage=outage)


def _impact_of_denial(change: Change, grant: Grant, tokens: Tokens) -> Impact:
    if tokens.are_read_by(grant, change) or _bars_the_way(change, grant, frozenset()):
        return Impact.OUTAGE
    return Impact.PROTECTION if _is_about_telling(grant) else Impact.BEHAVIOUR


def _impact_of_loss(change: Change, grant: Grant, after: frozenset[Grant], tokens: Tokens) -> Impact:
    if change.type == PERMISSION:
        return Impact.BEHAVIOUR
    if _bars_the_way(change, grant, after) or (tokens.are_read_by(grant, change) and not tokens.still_read(grant, after)):
        return Impact.OUTAGE
    from_a_service = grant.principal.startswith("Service:") and change.type != ROLE
    # Without its account in a key's policy no policy of IAM lets anybody use the key (KMS guide, "Default key policy").
    from_its_account = change.type == KEY and grant.principal.startswith("AWS:account ")
    return Impact.PROTECTION if from_a_service or from_its_account or _is_about_telling(grant) else Impact.BEHAVIOUR


def _is_about_telling(grant: Grant) -> bool:
    """Whether it is about sending to a topic, queue or bus: only policies of resources name a principal."""
    return bool(grant.principal) and grant.reaches(*_TELLS)


def _bars_the_way(change: Change, grant: Grant, after: frozenset[Grant]) -> bool:
    """Whether an endpoint's policy lets a call no longer through that a reader of the token makes."""
    calls = [action for action in called_through(change.resource) if grant.reaches(action)] if change.type == ENDPOINT else []
    return any(not any(one.covers(replace(grant, action=action)) for one in after) for action in calls)


def _by_impact(grants: Sequence[Grant], judged: Callable[[Grant], Impact]) -> dict[Impact, list[Grant]]:
    found: dict[Impact, list[Grant]] = {}
    for grant in grants:
        found.setdefault(judged(grant), []).append(grant)
    return found


def _holders(change: Change, allowed: frozenset[Grant], tokens: Tokens) -> Iterator[Finding]:
    """Whom a policy is given to: one that is there on both sides reaches further, or less far."""
    if change.type not in _POLICIES_FOR_HOLDERS or change.before is None or change.after is None:
        return
    for name in _HOLDERS:
        if change.changed(name) is None:
            continue
        if follows_only(change, name):
            yield finding_on(change, Impact.HARMLESS, f"{name} follows", "", about=[name])
            continue
        old, new = _names(change.before, name), _names(change.after, name)
        if given := sorted(new - old):
            what = f"given to {', '.join(given)} too"
            yield from _given(change, what, allowed, tokens, name)
        if taken := sorted(old - new):
            lost = sorted(grants_of(change.before))
            reads = any(tokens.are_read_by(grant, change) for grant in lost if grant.effect == "Allow")
            impact = Impact.OUTAGE if reads else Impact.BEHAVIOUR
            finding = _less(change, impact, f"taken away from {', '.join(taken)}", lost)
            yield replace(finding, about=frozenset({name}))
            if any(grant.effect == "Deny" for grant in lost):
                yield finding_on(change, Impact.SECURITY, f"{', '.join(taken)} is no longer denied", _named(lost), "keep it", about=[name])
        if old == new:
            yield finding_on(change, Impact.HARMLESS, f"{name} written otherwise", "", about=[name])


def _given(change: Change, what: str, grants: frozenset[Grant], tokens: Tokens, name: str) -> Iterator[Finding]:
    """What a policy allows is allowed to one more, and what it denies is denied to one more."""
    allowed = sorted(grant for grant in grants if grant.effect == "Allow")
    if allowed:
        yield finding_on(change, Impact.SECURITY, what, _named(allowed), "see that it is needed there", about=[name])
    for impact, denied in _by_impact(sorted(grants - set(allowed)), lambda grant: _impact_of_denial(change, grant, tokens)).items():
        yield replace(_less(change, impact, f"{what}: more is denied", denied), about=frozenset({name}))


def _names(side: Resource, name: str) -> set[str]:
    return {flattened(one) for one in members(side.property(name))}


def _named(named: Sequence[Grant]) -> str:
    lines = [str(grant) for grant in named[:_MOST_NAMED]]
    more = len(named) - len(lines)
    return "; ".join(lines) + (f"; and {more} more" if more else "")
