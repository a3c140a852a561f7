"""Names of a group in a private hosted zone that exists already: an indirection for whoever resolves it, never a name to verify.

A group's certificate carries ElastiCache's own names only, so a client that verifies it must connect to those
(docs/application.md).
"""

from __future__ import annotations

from aws_cdk import aws_route53 as route53
from constructs import Construct

from stacks.groups.replication_group import ReplicationGroup
from uplift.settings.environment import GroupName
from uplift.settings.network import DnsZone

# ElastiCache moves its own names within a minute at a failover; these point at names, so they need not follow.
_SECONDS = "60"


class DnsNames(Construct):
    """`<group>.<zone>` for the primary and `<group>-reader.<zone>` for the replicas."""

    def __init__(self, scope: Construct, construct_id: str, *, zone: DnsZone, name: GroupName, redis: ReplicationGroup) -> None:
        super().__init__(scope, construct_id)
        self.primary, self.reader = f"{name}.{zone.name}", f"{name}-reader.{zone.name}"
        for record_id, host, target in (
            ("Primary", self.primary, redis.group.attr_primary_end_point_address),
            ("Reader", self.reader, redis.group.attr_reader_end_point_address),
        ):
            route53.CfnRecordSet(
                self, record_id, hosted_zone_id=zone.id, name=f"{host}.", type="CNAME", ttl=_SECONDS, resource_records=[target]
            )
