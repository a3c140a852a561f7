"""A rotation schedule that rotates at once: a group keeps the token it has, and whoever reads the secret is refused."""

from __future__ import annotations

from collections.abc import Iterator

from uplift.review.finding import Finding
from uplift.review.rules.judgement import Judgement, behaviour, outage
from uplift.review.rules.token_readers import users_of_secret
from uplift.review.templates.differences import Change
from uplift.review.templates.known_values import truth
from uplift.review.templates.template import Resource, StackTemplate

ROTATION = "AWS::SecretsManager::RotationSchedule"
# "Whether to rotate the secret immediately or wait until the next window when the rotation schedule is updated" (CloudFormation reference).
_UPDATES_IT = frozenset({"RotationRules", "RotationLambdaARN", "HostedRotationLambda", "RotateImmediatelyOnUpdate", "SecretId"})


def rotation_judged(new: Resource, head: StackTemplate) -> Iterator[Judgement]:
    """It rotates at once unless RotateImmediatelyOnUpdate is false (Secrets Manager API, RotateSecret, RotateImmediately)."""
    secrets = new.references("SecretId")
    users = [user for secret in secrets for user in users_of_secret(secret, head)]
    at_once = truth(new.property("RotateImmediatelyOnUpdate"), default=True) is not False
    if at_once and (users or not secrets & head.resources.keys()):
        meaning = f"{', '.join(users) or 'A group that uses it'} keeps the token it has: clients that read the new secret are refused."
        yield outage(meaning, "set RotateImmediatelyOnUpdate: false, and rotate by `uplift rotate-token`").judged("rotates at once")
    elif at_once:
        yield behaviour("The secret is another as soon as this is deployed.").judged("rotates at once")
    else:
        yield behaviour("The secret is rotated at its next date.", "see that whoever uses it follows").judged("new rotation")


def findings_of_rotation(change: Change, head: StackTemplate) -> Iterator[Finding]:
    """An update of the schedule rotates at once as well, whatever else it changes."""
    updated = {one.name for one in change.properties if not one.follows} & _UPDATES_IT
    if change.type != ROTATION or change.after is None or not updated:
        return
    if truth(change.after.property("RotateImmediatelyOnUpdate"), default=True) is False:
        return
    for one in rotation_judged(change.after, head):
        yield one.on(change, updated)
