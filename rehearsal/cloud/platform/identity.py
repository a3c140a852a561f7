"""Permissions boundaries that must exist, and those that are there before anything is deployed. moto takes any ARN."""

from __future__ import annotations

import json
from typing import Any

from moto.iam.models import IAMBackend, Role

from rehearsal.cloud.errors import refused

_EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def install() -> None:
    """Refuse a role whose boundary is no managed policy of this account (API reference, CreateRole, PutRolePermissionsBoundary)."""
    create, put = IAMBackend.create_role, IAMBackend.put_role_permissions_boundary

    def create_role(
        self: IAMBackend,
        role_name: str,
        assume_role_policy_document: str,
        path: str,
        permissions_boundary: str | None,
        *args: Any,
        **kw: Any,
    ) -> Role:
        _check(self, permissions_boundary)
        return create(self, role_name, assume_role_policy_document, path, permissions_boundary, *args, **kw)

    def put_role_permissions_boundary(self: IAMBackend, role_name: str, permissions_boundary: str) -> None:
        _check(self, permissions_boundary)
        put(self, role_name, permissions_boundary)

    IAMBackend.create_role = create_role
    IAMBackend.put_role_permissions_boundary = put_role_permissions_boundary


def _check(backend: IAMBackend, boundary: str | None) -> None:
    # AWS's own policies are not loaded here, and are everywhere.
    if boundary and ":iam::aws:" not in boundary and boundary not in backend.managed_policies:
        raise refused("NoSuchEntity", f"Scope ARN: {boundary} does not exist or is not attachable.")


def seed_boundary(iam: Any, arn: str) -> None:
    """Make an organisation's own boundary, which allows everything, under this ARN."""
    path, _, name = arn.partition(":policy/")[2].rpartition("/")
    made = iam.create_policy(PolicyName=name, Path=f"/{path}/" if path else "/", PolicyDocument=json.dumps(_EVERYTHING))["Policy"]["Arn"]
    if made != arn:
        raise ValueError(f"{arn} is not of this account: it would be {made}")
