"""Route 53: a private zone that is there before anything is deployed, and records that can exist only once.

moto refuses a second record only where the very same change was made before, and a record made anew after its deletion as well.
"""

from __future__ import annotations

from typing import Any, NoReturn

from moto.route53.models import FakeZone, HostedZoneIdentifier, Route53Backend
from moto.utilities.id_generator import moto_id_manager

from rehearsal.cloud.errors import refused


def install() -> None:
    """Refuse what AWS refuses (Route 53 API reference, ChangeResourceRecordSets; developer guide on CNAME records)."""
    change = Route53Backend.change_resource_record_sets

    def change_resource_record_sets(self: Route53Backend, zoneid: str, change_list: list[dict[str, Any]]) -> None:
        zone = self.get_hosted_zone(zoneid)
        for one in change_list:
            if one["Action"] in {"CREATE", "UPSERT"}:
                _check(zone, one["Action"], one["ResourceRecordSet"])
                one["Action"] = "UPSERT"
        change(self, zoneid, change_list)

    Route53Backend.change_resource_record_sets = change_resource_record_sets


def _check(zone: FakeZone, action: str, record: dict[str, Any]) -> None:
    name, kind = f"{record['Name'].rstrip('.')}.", record["Type"]
    types = {one.type for one in zone.rrsets if one.name == name}
    if action == "CREATE" and kind in types:
        _refuse(f"Tried to create resource record set [name='{name}', type='{kind}'] but it already exists")
    if types - {kind} and "CNAME" in {*types, kind}:
        conflict = f"RRSet of type {kind} with DNS name {name} is not permitted as it conflicts with other records"
        _refuse(f"{conflict} with the same DNS name in zone {zone.name}")


def _refuse(message: str) -> NoReturn:
    raise refused("InvalidChangeBatch", f"[{message}]")


def seed_zone(route53: Any, account: str, zone: dict[str, str], vpc: dict[str, str]) -> None:
    """Make a private zone of this VPC under exactly this id: {id, name}."""
    name = f"{zone['name'].rstrip('.')}."
    moto_id_manager.set_custom_id(HostedZoneIdentifier(account, name, None), zone["id"])
    config = {"PrivateZone": True, "Comment": "there before"}
    route53.create_hosted_zone(Name=name, CallerReference=zone["id"], VPC=vpc, HostedZoneConfig=config)
