"""Every resource without rules of its own, and what the more special rules leave: data it holds, policies, and the rest."""

from __future__ import annotations

from collections.abc import Iterator

from uplift.review.finding import Finding, Impact, Seconds, finding_on
from uplift.review.rules.deletion_policies import policy_findings
from uplift.review.templates.differences import Change, Fate
from uplift.review.templates.template import HOLDS_DATA, PARAMETER_GROUP, REPLICATION_GROUP, STACK, StackTemplate
from uplift.review.wording.values import all_said

_HARMLESS_PROPERTIES = frozenset({"Tags", "Description", "GroupDescription", "AlarmDescription", "DashboardBody", "RoleDescription"})
_HARMLESS_TYPES = frozenset({"AWS::CDK::Metadata", "AWS::CloudWatch::Dashboard", "AWS::CloudFormation::WaitConditionHandle"})
_SECRET = "AWS::SecretsManager::Secret"  # noqa: S105


def findings_of_any(change: Change, head: StackTemplate, spoken_for: frozenset[str]) -> Iterator[Finding]:
    """Findings on what no other rule speaks for; `spoken_for` are the properties they do. Nothing on a resource given another type."""
    if change.type == STACK and change.fate is not Fate.ADDED:
        yield finding_on(
            change, Impact.DATA_LOSS, f"nested stack {change.fate}", "What it does inside cannot be seen from here.", "review its template"
        )
        return
    match change.fate:
        case Fate.ADDED:
            yield finding_on(change, Impact.HARMLESS, "new", "")
        case Fate.REMOVED:
            yield from _removed(change)
        case Fate.REPLACED | Fate.MAY_BE_REPLACED:
            yield from _replaced(change, head)
            yield from policy_findings(change)
        case Fate.CHANGED:
            yield from _changed(change, head, spoken_for)
            yield from policy_findings(change)


def _removed(change: Change) -> Iterator[Finding]:
    policy = change.resource.deletion_policy
    if change.type in HOLDS_DATA and not policy.startswith("Retain"):
        kept = "A final snapshot stays." if policy == "Snapshot" else "Nothing of it stays."
        yield finding_on(
            change, Impact.DATA_LOSS, "deleted with what it holds", kept, "leave it, or set DeletionPolicy: Retain in a deploy before"
        )
    elif change.renamed_to:
        yield finding_on(change, Impact.HARMLESS, f"replaced by {change.renamed_to}", "")
    elif change.type in HOLDS_DATA:
        yield finding_on(
            change, Impact.PROTECTION, "leaves the stack", "It stays with what it holds, and nothing manages it any more.", "import it"
        )
    else:
        yield finding_on(change, Impact.HARMLESS if change.type == PARAMETER_GROUP else Impact.BEHAVIOUR, "removed", "")


def _replaced(change: Change, head: StackTemplate) -> Iterator[Finding]:
    why = all_said(one for one in change.properties if one.name in change.because)
    policy = change.after.replace_policy if change.after is not None else "Delete"
    if change.type in HOLDS_DATA:
        kept = "the old one stays outside the stack" if policy.startswith("Retain") else "nothing of the old one stays"
        yield finding_on(
            change, Impact.DATA_LOSS, f"{change.fate} by an empty one", f"{why}; {kept}", "take the change back", replaces=True
        )
    elif change.type == PARAMETER_GROUP:
        users = head.users_of(change.logical_id)
        follows = (
            f"A new one is made first and {' and '.join(users)} moves to it; see there what that does."
            if users
            else "Nothing here uses it."
        )
        yield finding_on(change, Impact.HARMLESS, "replaced by one of another family", follows, replaces=True)
    elif all(one.follows for one in change.properties if one.name in change.because):
        yield finding_on(change, Impact.HARMLESS, "made anew for what it refers to", why, replaces=True)
    else:
        yield finding_on(change, Impact.BEHAVIOUR, str(change.fate), why, "see that nothing holds on to the old one", replaces=True)


def _changed(change: Change, head: StackTemplate, spoken_for: frozenset[str]) -> Iterator[Finding]:
    if change.type == PARAMETER_GROUP and change.changed("Properties") is not None:
        users = head.users_of(change.logical_id)
        where = f"see {' and '.join(users)}" if users else "nothing here uses it"
        impact = Impact.HARMLESS if users else Impact.BEHAVIOUR
        yield finding_on(change, impact, "parameters changed", f"{all_said(change.properties)}; {where}")
        return
    if change.type == _SECRET and change.changed("GenerateSecretString") is not None:
        yield from _secret(change, head)
        return
    left = [one for one in change.properties if one.name not in spoken_for]
    if not left:
        return
    harmless = all(one.name in _HARMLESS_PROPERTIES or one.follows for one in left) or change.type in _HARMLESS_TYPES
    yield finding_on(
        change, Impact.HARMLESS if harmless else Impact.BEHAVIOUR, ", ".join(dict.fromkeys(one.name for one in left)), all_said(left)
    )


def _secret(change: Change, head: StackTemplate) -> Iterator[Finding]:
    """Secrets Manager draws a new value; a group keeps its token, since its template's reference stays the same text."""
    users = [group.logical_id for group in head.of_type(REPLICATION_GROUP) if change.logical_id in group.references("AuthToken")]
    meaning = "A new secret is drawn."
    if users:
        meaning += f" {users[0]} keeps the old token, because its reference is the same text: clients that read the new secret are refused."
    yield finding_on(
        change,
        Impact.OUTAGE if users else Impact.BEHAVIOUR,
        "another AUTH token is drawn",
        meaning,
        "leave the secret as it is and rotate with `uplift rotate-token`",
        outage=Seconds(0, None) if users else None,
    )
