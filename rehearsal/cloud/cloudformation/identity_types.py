"""IAM's CloudFormation types: roles, inline and managed policies, identity providers."""

from __future__ import annotations

import json
from typing import Any

from rehearsal.cloud.cloudformation.resource_types import Made, Properties, Providers, ResourceType, keep

# IAM keeps so many of a managed policy (IAM user guide, "IAM and AWS STS quotas").
_MOST_VERSIONS = 5


def identity_types(p: Providers) -> dict[str, ResourceType]:
    """Every type by name."""
    return _roles(p.client("iam")) | _policies(p.client("iam"))


def _roles(iam: Any) -> dict[str, ResourceType]:
    def role(name: str, properties: Properties) -> Made:
        role_name = properties.get("RoleName", name)[:64]
        boundary = {"PermissionsBoundary": properties["PermissionsBoundary"]} if "PermissionsBoundary" in properties else {}
        made = iam.create_role(
            RoleName=role_name,
            Path=properties.get("Path", "/"),
            AssumeRolePolicyDocument=json.dumps(properties["AssumeRolePolicyDocument"]),
            **boundary,
        )["Role"]
        attach(role_name, {}, properties)
        return role_name, {"Arn": made["Arn"], "RoleId": made["RoleId"]}

    def attach(role_name: str, before: Properties, after: Properties) -> None:
        for policy in after.get("Policies", []):
            document = json.dumps(policy["PolicyDocument"])
            iam.put_role_policy(RoleName=role_name, PolicyName=policy["PolicyName"], PolicyDocument=document)
        for gone in {one["PolicyName"] for one in before.get("Policies", [])} - {one["PolicyName"] for one in after.get("Policies", [])}:
            iam.delete_role_policy(RoleName=role_name, PolicyName=gone)
        old, new = set(before.get("ManagedPolicyArns", [])), set(after.get("ManagedPolicyArns", []))
        for arn in new - old:
            # moto knows none of AWS's own policies.
            if ":iam::aws:" not in arn:
                iam.attach_role_policy(RoleName=role_name, PolicyArn=arn)
        for arn in old - new:
            if ":iam::aws:" not in arn:
                iam.detach_role_policy(RoleName=role_name, PolicyArn=arn)

    def update_role(name: str, before: Properties, after: Properties) -> dict[str, Any]:
        old, new = before.get("PermissionsBoundary"), after.get("PermissionsBoundary")
        if new != old and new is not None:
            iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=new)
        elif new != old:
            iam.delete_role_permissions_boundary(RoleName=name)
        if before.get("AssumeRolePolicyDocument") != after["AssumeRolePolicyDocument"]:
            iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(after["AssumeRolePolicyDocument"]))
        attach(name, before, after)
        return {}

    def delete_role(name: str, _properties: Properties) -> None:
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName=policy)
        for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
            iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
        iam.delete_role(RoleName=name)

    def policy(name: str, properties: Properties) -> Made:
        update_policy(name, {}, properties)
        return properties["PolicyName"], {}

    def update_policy(_name: str, _before: Properties, after: Properties) -> dict[str, Any]:
        for role_name in after.get("Roles", []):
            iam.put_role_policy(RoleName=role_name, PolicyName=after["PolicyName"], PolicyDocument=json.dumps(after["PolicyDocument"]))
        return {}

    def delete_policy(_name: str, properties: Properties) -> None:
        for role_name in properties.get("Roles", []):
            iam.delete_role_policy(RoleName=role_name, PolicyName=properties["PolicyName"])

    return {
        "AWS::IAM::Role": ResourceType(role, update_role, delete_role),
        "AWS::IAM::Policy": ResourceType(policy, update_policy, delete_policy),
    }


def _policies(iam: Any) -> dict[str, ResourceType]:
    def provider(_name: str, properties: Properties) -> Made:
        made = iam.create_open_id_connect_provider(
            Url=properties["Url"], ClientIDList=properties["ClientIdList"], ThumbprintList=properties.get("ThumbprintList", [])
        )
        return made["OpenIDConnectProviderArn"], {"Arn": made["OpenIDConnectProviderArn"]}

    def managed_policy(name: str, properties: Properties) -> Made:
        arn = iam.create_policy(
            PolicyName=properties.get("ManagedPolicyName", name),
            Path=properties.get("Path", "/"),
            PolicyDocument=json.dumps(properties["PolicyDocument"]),
        )["Policy"]["Arn"]
        attach(arn, {}, properties)
        return arn, {"PolicyArn": arn}

    def attach(arn: str, before: Properties, after: Properties) -> None:
        old, new = set(before.get("Roles", [])), set(after.get("Roles", []))
        for role_name in new - old:
            iam.attach_role_policy(RoleName=role_name, PolicyArn=arn)
        for role_name in old - new:
            iam.detach_role_policy(RoleName=role_name, PolicyArn=arn)

    def update_managed_policy(arn: str, before: Properties, after: Properties) -> dict[str, Any]:
        if before["PolicyDocument"] != after["PolicyDocument"]:
            versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
            if len(versions) == _MOST_VERSIONS:
                oldest = min((one for one in versions if not one["IsDefaultVersion"]), key=lambda one: int(one["VersionId"][1:]))
                iam.delete_policy_version(PolicyArn=arn, VersionId=oldest["VersionId"])
            iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(after["PolicyDocument"]), SetAsDefault=True)
        attach(arn, before, after)
        return {}

    def delete_managed_policy(arn: str, properties: Properties) -> None:
        attach(arn, properties, {})
        for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
            if not version["IsDefaultVersion"]:
                iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
        iam.delete_policy(PolicyArn=arn)

    return {
        "AWS::IAM::ManagedPolicy": ResourceType(managed_policy, update_managed_policy, delete_managed_policy),
        "AWS::IAM::OIDCProvider": ResourceType(provider, keep),
    }
