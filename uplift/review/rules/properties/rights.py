"""Identities and rights beside their policies: boundaries, sessions, keys, users of Redis, providers.

Facts: the IAM and ElastiCache guides.
"""

from __future__ import annotations

from collections.abc import Iterator

from uplift.review.rules.access_strings import judge_access_string
from uplift.review.rules.judgement import (
    Judge,
    Judgement,
    always,
    amount,
    behaviour,
    follower,
    listed,
    outage,
    presence,
    security,
    words,
)
from uplift.review.templates.differences import Change
from uplift.review.templates.known_values import at, is_open, members
from uplift.review.templates.template import Resource
from uplift.review.wording.values import flattened, secrets_in_the_clear

_BOUNDARY = presence(
    removed=security("Nothing limits what its policies allow.", "keep it"),
    added=behaviour("It may do only what the boundary allows as well.", "see that the boundary allows what it needs"),
    changed=security("Another boundary limits what its policies allow.", "see that it allows no more"),
)
_WHO_IS_IN = listed(
    removed=behaviour("Who is taken away may do less.", "see that nobody needs it any more"),
    added=security("Who is added has its rights too."),
)
ROLE: dict[str, Judge] = {
    "PermissionsBoundary": _BOUNDARY,
    "MaxSessionDuration": amount(
        less=behaviour("Whoever assumes it has to do so more often."),
        more=security("A session that was stolen lives longer."),
        default=3600,
    ),
}
USER: dict[str, Judge] = {
    "PermissionsBoundary": _BOUNDARY,
    "Groups": _WHO_IS_IN,
    "LoginProfile": always(security("Somebody may sign in with another password.")),
}
ACCESS_KEY: dict[str, Judge] = {
    "Status": always(security("A key can be used again, or no longer.")),
    "Serial": always(behaviour("Another key is made, and the old one deleted.")),
    "UserName": always(security("A key of another user is made.")),
}
_PROVIDER = always(security("Others may assume the roles that trust this provider."))
OIDC: dict[str, Judge] = dict.fromkeys(("ClientIdList", "ThumbprintList", "Url"), _PROVIDER)


def without_password(user: Resource | None) -> bool:
    """Whether whoever names the user is let in."""
    if user is None:
        return False
    kind = at(user, "AuthenticationMode.Type")
    said = str(user.property("NoPasswordRequired")).lower() == "true" or kind == "no-password-required"
    return said or is_open(kind) or is_open(user.property("NoPasswordRequired"))


def _login(change: Change, name: str) -> Iterator[Judgement]:
    if without_password(change.after) and not without_password(change.before):
        yield security("Whoever names the user is let in.", "keep the password").judged("no password is needed", words(change, name))
    else:
        yield outage("Clients that log in the old way are refused.", "change clients first").judged(
            "another way to log in", words(change, name)
        )


def _passwords(change: Change, name: str) -> Iterator[Judgement]:
    """A user has up to two, so that clients can be moved from one to the other (ElastiCache guide, "Authenticating users: passwords")."""
    before, after = ({flattened(one) for one in members(at(side, name))} for side in (change.before, change.after))
    if before and before <= after:
        yield behaviour("The old password goes on working.").judged("a password more")
    else:
        yield from _login(change, name)
    if set(secrets_in_the_clear(at(change.after, name), (name,))) - set(secrets_in_the_clear(at(change.before, name), (name,))):
        yield security("It can be read in git and in CloudFormation.", "name it with {{resolve:secretsmanager:…}}").judged(
            f"a secret in the clear: {name}"
        )


REDIS_USER: dict[str, Judge] = {
    "AccessString": judge_access_string,
    "NoPasswordRequired": _login,
    "AuthenticationMode": _login,
    "Passwords": _passwords,
}
REDIS_USER_GROUP: dict[str, Judge] = {
    "UserIds": listed(removed=outage("Clients that log in as this user are refused."), added=security("This user may log in as well.")),
}


BY_TYPE: dict[str, dict[str, Judge]] = {
    "AWS::IAM::Role": ROLE,
    "AWS::IAM::User": USER,
    "AWS::IAM::AccessKey": ACCESS_KEY,
    "AWS::IAM::OIDCProvider": OIDC,
    "AWS::IAM::SAMLProvider": {"SamlMetadataDocument": _PROVIDER},
    "AWS::IAM::InstanceProfile": {"Roles": follower(security("Its instances act with the rights of another role."))},
    "AWS::IAM::UserToGroupAddition": {"Users": _WHO_IS_IN, "GroupName": always(security("Its users are in another group."))},
    "AWS::ElastiCache::User": REDIS_USER,
    "AWS::ElastiCache::UserGroup": REDIS_USER_GROUP,
}
