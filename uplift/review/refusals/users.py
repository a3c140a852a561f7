"""Users and user groups that ElastiCache refuses.

Source: ElastiCache user guide, "Role-Based Access Control (RBAC)": a user group of engine redis has a user named `default`; a user has up
to two passwords of 16 to 128 characters, or none.
"""

from __future__ import annotations

from collections.abc import Iterator

from uplift.review.refusals.refusal import Refusal
from uplift.review.templates.known_values import known_text
from uplift.review.templates.template import Resource, StackTemplate, Value

_USER, _GROUP = "AWS::ElastiCache::User", "AWS::ElastiCache::UserGroup"
_DEFAULT = "default"
_MOST_PASSWORDS = 2
_SHORTEST, _LONGEST = 16, 128


def refused_users(stack: StackTemplate) -> Iterator[Refusal]:
    """Groups without the user that every Redis has, and passwords that cannot be."""
    for group in stack.of_type(_GROUP):
        if (known_text(group.property("Engine")) or "").lower() == "redis" and _has_no_default(group, stack):
            yield Refusal(
                group.logical_id,
                "no user named default",
                "a user group of engine redis has one",
                "add a user whose UserName is default",
                frozenset({"UserIds"}),
            )
    for user in stack.of_type(_USER):
        yield from _passwords(user)


def _has_no_default(group: Resource, stack: StackTemplate) -> bool:
    """Whether every user of a group is one of this template, and none is named default."""
    users = group.property("UserIds")
    if users is None:
        return True
    names = [_name_of(one, stack) for one in users] if isinstance(users, list) else [None]
    return all(name is not None and name != _DEFAULT for name in names)


def _name_of(user: Value, stack: StackTemplate) -> str | None:
    """The name of a user by its id; None for one that is not written here."""
    if user == _DEFAULT:
        return _DEFAULT
    for one in stack.of_type(_USER):
        if user == {"Ref": one.logical_id} or (isinstance(user, str) and user == one.property("UserId")):
            return known_text(one.property("UserName"))
    return None


def _passwords(user: Resource) -> Iterator[Refusal]:
    passwords = user.property("Passwords")
    if not isinstance(passwords, list):
        return
    about = frozenset({"Passwords"})
    if len(passwords) > _MOST_PASSWORDS:
        yield Refusal(user.logical_id, f"{len(passwords)} passwords", "a user has up to two", "keep two", about)
    known = [text for one in passwords if (text := known_text(one)) is not None]
    if any(not _SHORTEST <= len(text) <= _LONGEST for text in known):
        allowed = f"allowed: {_SHORTEST} to {_LONGEST} characters"
        yield Refusal(user.logical_id, "a password", "it is too short or too long", allowed, about)
