"""Who reads the AUTH token: a policy that no longer lets a reader at it shuts the application out at its next start.

A token is a secret that some group's AuthToken is resolved from; where the group is, the application reads in facts of its
stack. A secret encrypted with a key of our own is read with
`kms:Decrypt` on that key as well (Secrets Manager guide, "Secret encryption and decryption in AWS Secrets Manager").
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from uplift.review.rules.iam_grants import UNREADABLE, Grant
from uplift.review.templates.differences import Change
from uplift.review.templates.template import REPLICATION_GROUP, Resource, StackTemplate

SECRET = "AWS::SecretsManager::Secret"  # noqa: S105
KEY = "AWS::KMS::Key"
_READ_SECRET = "secretsmanager:GetSecretValue"  # noqa: S105
_DECRYPT = "kms:Decrypt"
_SOME = "some"
_READ_FACTS = ("ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath")
# Policies of other resources, such as of a topic, say nothing about secrets.
_OF_READERS = frozenset(
    {
        "AWS::IAM::Group",
        "AWS::IAM::GroupPolicy",
        "AWS::IAM::ManagedPolicy",
        "AWS::IAM::Policy",
        "AWS::IAM::Role",
        "AWS::IAM::RolePolicy",
        "AWS::IAM::User",
        "AWS::IAM::UserPolicy",
        KEY,
        "AWS::SecretsManager::ResourcePolicy",
    }
)
_OF_AWS_ITSELF = ":aws:policy/"
_READ_EVERYTHING = ("SecretsManager", "AdministratorAccess", "PowerUserAccess")
_NAMED = re.compile(r"<([^>.]+)[^>]*>")
# What is called on the way to a token, by the service whose endpoint it passes.
_CALLED_ON_THE_WAY = {"secretsmanager": _READ_SECRET, "kms": _DECRYPT, "ssm": _READ_FACTS[0], "sts": "sts:AssumeRole"}


@dataclass(frozen=True, slots=True)
class Tokens:
    """Logical ids of a stack's secrets that are some group's token, and of the keys they are encrypted with."""

    secrets: frozenset[str]
    keys: frozenset[str]
    has_facts: bool = False

    def are_read_by(self, grant: Grant, change: Change) -> bool:
        """Whether this grant, or denial, is about reading a token. A secret written as text may be one."""
        if change.type not in _OF_READERS:
            return False
        if grant.action == UNREADABLE:
            return _may_let_in(grant.resource)
        if grant.reaches(_READ_SECRET) and change.type != KEY and self._may_name(grant, change):
            return True
        if self.has_facts and change.type != KEY and grant.reaches(*_READ_FACTS):
            return True
        if not grant.reaches(_DECRYPT):
            return False
        if change.type == KEY:
            return change.logical_id in self.keys or (grant.effect == "Deny" and not grant.condition)
        named = _named(grant, change)
        return bool(named & self.keys) or (grant.effect == "Deny" and grant.resource == "*")

    def still_read(self, lost: Grant, after: frozenset[Grant]) -> bool:
        """Whether what is left still lets the same principal read what the lost grant did, now by a narrower one."""
        everywhere = lost.resource == "*"
        tokens = [f"<{secret}>" for secret in self.secrets] if everywhere and self.secrets else [lost.resource]
        wanted = [replace(lost, action=_READ_SECRET, resource=resource) for resource in tokens if lost.reaches(_READ_SECRET)]
        # Whether a narrower text names the facts that the application reads is not known here; that it names some is.
        wanted += [
            replace(lost, action=action, resource=_SOME if everywhere else lost.resource) for action in _READ_FACTS if lost.reaches(action)
        ]
        wanted += [replace(lost, action=_DECRYPT) for _ in (1,) if lost.reaches(_DECRYPT) and self.keys]
        return bool(wanted) and all(any(_gives(grant, one) for grant in after) for one in wanted)

    def _may_name(self, grant: Grant, change: Change) -> bool:
        named = _named(grant, change)
        # A stack without a group may read the token of another stack's.
        return not (self.secrets and named) or bool(named & self.secrets)


def tokens_of(*stacks: StackTemplate) -> Tokens:
    """The tokens of a stack, as it was and as it will be."""
    secrets: set[str] = set()
    keys: set[str] = set()
    has_facts = any(stack.of_type(REPLICATION_GROUP) and stack.of_type("AWS::SSM::Parameter") for stack in stacks)
    for stack in stacks:
        for group in stack.of_type(REPLICATION_GROUP):
            for logical_id in group.references("AuthToken"):
                secrets.add(logical_id)
                keys |= stack.resources[logical_id].references("KmsKeyId") if logical_id in stack.resources else set()
    return Tokens(frozenset(secrets), frozenset(keys), has_facts)


def users_of_secret(secret: str, *stacks: StackTemplate) -> list[str]:
    """Logical ids of the groups whose token is resolved from this secret."""
    groups = [group for stack in stacks for group in stack.of_type(REPLICATION_GROUP) if secret in group.references("AuthToken")]
    return list(dict.fromkeys(group.logical_id for group in groups))


def called_through(endpoint: Resource) -> list[str]:
    """What is called through a VPC endpoint on the way to a token; through one that only a deploy knows, anything of it."""
    service = endpoint.property("ServiceName")
    known = isinstance(service, str)
    return [action for name, action in _CALLED_ON_THE_WAY.items() if not known or name in service]


def _gives(grant: Grant, wanted: Grant) -> bool:
    return grant.covers(replace(wanted, resource=grant.resource) if wanted.resource == _SOME else wanted)


def _named(grant: Grant, change: Change) -> frozenset[str]:
    """Logical ids that a grant's resource names; a policy of a secret is about that secret, whatever its resource says."""
    of_itself = change.resource.references("SecretId") if change.type == "AWS::SecretsManager::ResourcePolicy" else frozenset()
    return of_itself or frozenset(_NAMED.findall(grant.resource)) - {"AWS::Partition", "AWS::Region", "AWS::AccountId"}


def _may_let_in(policy: str) -> bool:
    """A policy of our own may be the one that lets a reader at the token; those of AWS have names that say what they allow."""
    return _OF_AWS_ITSELF not in policy or any(name in policy for name in _READ_EVERYTHING)
