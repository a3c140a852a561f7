"""Reads everything a comparison of templates with ElastiCache needs, and compares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from uplift.deploy.deployed_stacks import DeployedStack
from uplift.deploy.drift_rules import Drift, Written, drifts, token_drift
from uplift.deploy.real_group import read_group, secret_drawn_at
from uplift.review.group.view import group_view
from uplift.review.templates.differences import compare_stacks
from uplift.review.templates.template import REPLICATION_GROUP, Assembly, Resource, StackTemplate

if TYPE_CHECKING:
    from mypy_boto3_elasticache import ElastiCacheClient
    from mypy_boto3_secretsmanager import SecretsManagerClient


@dataclass(frozen=True, slots=True)
class DriftReader:
    """Clients of one account and region."""

    elasticache: ElastiCacheClient
    secrets: SecretsManagerClient

    def find(self, stacks: dict[str, DeployedStack], planned: Assembly | None) -> Iterator[Drift]:
        """Every drift of every replication group that is deployed; `planned`: what is about to be."""
        for name, stack in stacks.items():
            head = planned.stacks.get(name) if planned is not None else None
            staying = _staying(stack, head) if head is not None else {}
            for group in stack.template.of_type(REPLICATION_GROUP):
                after = head.resources.get(group.logical_id) if head is not None else None
                written = Written(name, group_view(after, head), staying) if head is not None and after is not None else None
                yield from self._of_group(stack, group, written)

    def _of_group(self, stack: DeployedStack, group: Resource, planned: Written | None) -> Iterator[Drift]:
        deployed = Written(stack.template.name, group_view(group, stack.template), stack.physical_ids)
        identifier = stack.physical_ids.get(group.logical_id)
        real = read_group(self.elasticache, identifier) if identifier else None
        yield from drifts(deployed, planned, real)
        for logical_id in group.references("AuthToken"):
            secret = stack.physical_ids.get(logical_id)
            if real is not None and secret:
                yield from token_drift(deployed, real, secret_drawn_at(self.secrets, secret))


def _staying(stack: DeployedStack, head: StackTemplate) -> dict[str, str]:
    """Physical ids after the deploy: what is about to be replaced gets another one, which nobody knows yet."""
    replaced = {change.logical_id for change in compare_stacks(stack.template, head) if change.is_replaced}
    return {logical_id: one for logical_id, one in stack.physical_ids.items() if logical_id not in replaced}
