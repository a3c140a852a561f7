"""A secret that is drawn anew: a group keeps the token it has, and whoever reads the secret is refused."""

from __future__ import annotations

from collections.abc import Iterator

from uplift.review.finding import UNTIL_TAKEN_BACK, Finding, Impact, finding_on
from uplift.review.rules.token_readers import SECRET, users_of_secret
from uplift.review.templates.differences import Change
from uplift.review.templates.template import StackTemplate

_DRAWN = ("GenerateSecretString", "SecretString")


def findings_of_secret(change: Change, head: StackTemplate) -> Iterator[Finding]:
    """Secrets Manager draws a new value; a group keeps its token, since its template's reference stays the same text."""
    about = {one.name for one in change.properties if not one.follows} & set(_DRAWN)
    if change.type != SECRET or not about:
        return
    users = users_of_secret(change.logical_id, head)
    meaning = "A new secret is drawn."
    if users:
        meaning += f" {users[0]} keeps the old token, because its reference is the same text: clients that read the new secret are refused."
    yield finding_on(
        change,
        Impact.OUTAGE if users else Impact.BEHAVIOUR,
        "another AUTH token is drawn",
        meaning,
        "leave the secret as it is and rotate with `uplift rotate-token`",
        outage=UNTIL_TAKEN_BACK if users else None,
        about=about,
    )
    if "SecretString" in about:
        yield finding_on(
            change, Impact.SECURITY, "a secret in the template", "It can be read in git and in CloudFormation.", "draw it", about=about
        )
