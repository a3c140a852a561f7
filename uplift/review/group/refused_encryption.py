"""TLS, tokens, users and keys that ElastiCache refuses.

Sources: ElastiCache user guide, "In-transit encryption (TLS)" and "Role-Based Access Control (RBAC)"; API reference,
ModifyReplicationGroup, TransitEncryptionMode: to enable it on an existing group the mode has to be preferred first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from uplift.review.group.asked import flag, is_set, lacks, text
from uplift.review.group.refusal import Refusal, about
from uplift.review.group.view import GroupView

_TLS_SWITCH_SINCE, _USERS_SINCE = (7, 0), (6, 0)
_TOKEN = re.compile(r"[A-Za-z0-9!&#$^<>-]{16,128}")
_TLS, _MODE = "TransitEncryptionEnabled", "TransitEncryptionMode"


def refused_encryption(before: GroupView | None, after: GroupView, *, region: str) -> Iterator[Refusal]:
    """What is refused of how a group encrypts and who may log in."""
    if before is not None:
        yield from _switched(before, after)
    yield from _token(after)
    yield from _users(before, after)
    key = after.resource.property("KmsKeyId")
    if region.startswith("us-gov-") and key is not None:
        yield Refusal(
            "a customer key at rest", "GovCloud encrypts ElastiCache with its own key only", "leave KmsKeyId out", about("KmsKeyId")
        )


def _switched(before: GroupView, after: GroupView) -> Iterator[Refusal]:
    old, new = flag(before, _TLS), flag(after, _TLS)
    if old is None or new is None or old == new:
        return
    way = "on" if new else "off"
    if lacks(before, _TLS_SWITCH_SINCE):
        yield Refusal(
            f"TLS switched {way}",
            f"an existing group can switch TLS from 7.0 on, this one is {before.name}",
            "make a new group and copy its data",
            about(_TLS),
        )
        return
    side = after if new else before
    if is_set(side, _MODE) and text(side, _MODE) is None:
        return
    if (text(side, _MODE) or "required").lower() != "preferred":
        why = (
            "an existing group has to be switched to TransitEncryptionMode preferred first"
            if new
            else "TLS is switched off from TransitEncryptionMode preferred only, and it is required"
        )
        steps = "preferred in this deploy, required in the next" if new else "preferred in a deploy before"
        yield Refusal(f"TLS switched {way} in one step", why, f"set TransitEncryptionMode: {steps}", about(_TLS, _MODE))


def _token(after: GroupView) -> Iterator[Refusal]:
    if after.token is None:
        return
    if flag(after, _TLS) is False:
        yield Refusal(
            "an AUTH token without TLS",
            "AUTH needs TransitEncryptionEnabled",
            "keep TLS on, or take the token away as well",
            about("AuthToken", _TLS),
        )
    known = text(after, "AuthToken")
    if known is not None and not _TOKEN.fullmatch(known):
        why = "16 to 128 characters, of the others only ! & # $ ^ < > -"
        yield Refusal("the AUTH token", why, "draw another one in Secrets Manager", about("AuthToken"))


def _users(before: GroupView | None, after: GroupView) -> Iterator[Refusal]:
    users = after.resource.property("UserGroupIds")
    if not isinstance(users, list) or not users:
        return
    properties = about("UserGroupIds")
    if after.token is not None:
        why = "a group has a token or users, not both"
        yield Refusal("users beside an AUTH token", why, "take one of them away", properties | about("AuthToken"))
    if lacks(after, _USERS_SINCE):
        yield Refusal(f"users with {after.name}", "users are for Redis 6.0 and newer", "upgrade first, or use a token", properties)
    if flag(after, _TLS) is False:
        yield Refusal("users without TLS", "users need TransitEncryptionEnabled", "switch TLS on first", properties | about(_TLS))
    elif before is not None and flag(before, _TLS) is False and flag(after, _TLS):
        why = "the group has to be encrypted before users are attached"
        yield Refusal("users and TLS in one deploy", why, "switch TLS on in a deploy of its own, then attach the users", properties)
