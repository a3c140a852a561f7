"""Where a resource says who may do what: its policies, its attached ones, and what stands for a policy where none is written."""

from __future__ import annotations

from uplift.review.rules.iam_conditions import written
from uplift.review.rules.iam_grants import Grant, grants, managed, unreadable
from uplift.review.templates.differences import Change
from uplift.review.templates.known_values import is_open, members
from uplift.review.templates.template import Resource, Value
from uplift.review.wording.values import flattened

PERMISSION = "AWS::Lambda::Permission"
ROLE = "AWS::IAM::Role"
ENDPOINT = "AWS::EC2::VPCEndpoint"
_IDENTITIES = ("AWS::IAM::", "AWS::SSO::")
DOCUMENTS = (
    "PolicyDocument",
    "AssumeRolePolicyDocument",
    "KeyPolicy",
    "ResourcePolicy",
    "RepositoryPolicyText",
    "FileSystemPolicy",
    "AccessPolicy",
    "AccessPolicies",
    "Policy",
)
_ATTACHED = ("Policies", "ManagedPolicyArns")
# Every property of a permission says who may call what.
_PERMISSION_LIMITS = {
    "SourceArn": "aws:SourceArn",
    "SourceAccount": "aws:SourceAccount",
    "PrincipalOrgID": "aws:PrincipalOrgID",
    "FunctionUrlAuthType": "lambda:FunctionUrlAuthType",
    "EventSourceToken": "lambda:EventSourceToken",
    "InvokedViaFunctionUrl": "lambda:InvokedViaFunctionUrl",
}
PERMISSION_PROPERTIES = frozenset({"Action", "Principal", "FunctionName", *_PERMISSION_LIMITS})
# A key's account is let in by the policy a key has by default (KMS guide, "Default key policy").
_DEFAULT_KEY_POLICY = frozenset({Grant("Allow", "kms:*", "*", "AWS:account <AWS::AccountId>", "")})
# "A default endpoint policy allows full access" (PrivateLink guide, "Control access to VPC endpoints using endpoint policies").
DEFAULT_ENDPOINT_POLICY = frozenset({Grant("Allow", "*", "*", "*", "")})


def access_properties(change: Change) -> frozenset[str]:
    """The differing properties that say who may do what: a property of the same name that is no policy is not among them."""
    differing = {one.name for one in change.properties}
    if change.type == PERMISSION:
        return frozenset(differing & PERMISSION_PROPERTIES)
    sides = [side for side in (change.before, change.after) if side is not None]
    documents = {name for name in DOCUMENTS if any(_is_document(side.property(name)) for side in sides)}
    return frozenset(differing & (documents | set(_ATTACHED if change.type.startswith(_IDENTITIES) else ())))


def _is_document(value: Value) -> bool:
    if isinstance(value, dict):
        return is_open(value) or "Statement" in value or _is_document(value.get("PolicyDocument"))
    return isinstance(value, str)


def grants_of(resource: Resource | None) -> frozenset[Grant]:
    """Everything one resource allows and denies."""
    if resource is None:
        return frozenset()
    if resource.type == PERMISSION:
        return frozenset({_permission(resource)})
    if resource.type == "AWS::KMS::Key" and resource.property("KeyPolicy") is None:
        return _DEFAULT_KEY_POLICY
    if resource.type == ENDPOINT and resource.property("PolicyDocument") is None:
        return DEFAULT_ENDPOINT_POLICY
    found: set[Grant] = set()
    for name in DOCUMENTS:
        if _is_document(resource.property(name)):
            found |= _of_document(resource.property(name))
    return frozenset(found | (_attached(resource) if resource.type.startswith(_IDENTITIES) else set()))


def _attached(identity: Resource) -> set[Grant]:
    found = {managed(arn) for arn in members(identity.property("ManagedPolicyArns"))}
    for policy in members(identity.property("Policies")):
        document = policy.get("PolicyDocument") if isinstance(policy, dict) and not is_open(policy) else None
        found |= unreadable(policy) if document is None else _of_document(document)
    return found


def _of_document(document: Value) -> frozenset[Grant]:
    """A policy; a table's lies one deeper, beside nothing else."""
    if isinstance(document, dict) and isinstance(document.get("PolicyDocument"), dict):
        return grants(document["PolicyDocument"])
    return grants(document)


def _permission(resource: Resource) -> Grant:
    """A permission as the statement Lambda makes of it (Lambda API, AddPermission)."""
    limits = {key: resource.property(name) for name, key in _PERMISSION_LIMITS.items() if resource.property(name) is not None}
    who = flattened(resource.property("Principal") or "")
    principal = "*" if who == "*" else (f"Service:{who}" if ".amazonaws.com" in who else f"AWS:{who}")
    function = flattened(resource.property("FunctionName") or "")
    return Grant(
        "Allow", flattened(resource.property("Action") or ""), function, principal, written({"StringLike": limits} if limits else None)
    )
