"""The network's CloudFormation types: security groups and their rules, VPC endpoints, DNS records."""

from __future__ import annotations

import json
from typing import Any

from rehearsal.cloud.cloudformation.resource_types import Made, Properties, Providers, ResourceType
from rehearsal.cloud.errors import NotModelled


def network_types(p: Providers) -> dict[str, ResourceType]:
    """Every type by name."""
    return _security_groups(p.client("ec2")) | _endpoints(p.client("ec2")) | _records(p.client("route53"))


def _security_groups(ec2: Any) -> dict[str, ResourceType]:
    def security_group(name: str, properties: Properties) -> Made:
        made = ec2.create_security_group(GroupName=name, Description=properties["GroupDescription"], VpcId=properties["VpcId"])
        for rule in properties.get("SecurityGroupIngress", []):
            ec2.authorize_security_group_ingress(GroupId=made["GroupId"], IpPermissions=[_permission(rule, "SourceSecurityGroupId")])
        return made["GroupId"], {"GroupId": made["GroupId"]}

    def ingress(name: str, properties: Properties) -> Made:
        permission = _permission(properties, "SourceSecurityGroupId")
        ec2.authorize_security_group_ingress(GroupId=properties["GroupId"], IpPermissions=[permission])
        return name, {"Id": name}

    def remove_ingress(_name: str, properties: Properties) -> None:
        permission = _permission(properties, "SourceSecurityGroupId")
        ec2.revoke_security_group_ingress(GroupId=properties["GroupId"], IpPermissions=[permission])

    def egress(name: str, properties: Properties) -> Made:
        permission = _permission(properties, "DestinationSecurityGroupId")
        ec2.authorize_security_group_egress(GroupId=properties["GroupId"], IpPermissions=[permission])
        return name, {"Id": name}

    return {
        "AWS::EC2::SecurityGroup": ResourceType(security_group, None, lambda name, _: ec2.delete_security_group(GroupId=name)),
        "AWS::EC2::SecurityGroupIngress": ResourceType(ingress, None, remove_ingress),
        "AWS::EC2::SecurityGroupEgress": ResourceType(egress, None),
    }


def _permission(rule: Properties, peer: str) -> dict[str, Any]:
    permission: dict[str, Any] = {"IpProtocol": rule["IpProtocol"], "FromPort": int(rule["FromPort"]), "ToPort": int(rule["ToPort"])}
    if peer in rule:
        permission["UserIdGroupPairs"] = [{"GroupId": rule[peer]}]
    if "DestinationPrefixListId" in rule:
        permission["PrefixListIds"] = [{"PrefixListId": rule["DestinationPrefixListId"]}]
    return permission


def _endpoints(ec2: Any) -> dict[str, ResourceType]:
    """Gateway and interface endpoints; they are there for who asks, and carry no traffic here."""

    def endpoint(_name: str, properties: Properties) -> Made:
        if "RouteTableIds" in properties:
            # moto makes the endpoint before it looks for them.
            ec2.describe_route_tables(RouteTableIds=properties["RouteTableIds"])
        wanted = {name: value for name, value in properties.items() if name not in {"PolicyDocument", "Tags"}}
        if "PolicyDocument" in properties:
            document = properties["PolicyDocument"]
            wanted["PolicyDocument"] = document if isinstance(document, str) else json.dumps(document)
        made = ec2.create_vpc_endpoint(**wanted)["VpcEndpoint"]
        names = [f"{one.get('HostedZoneId', '')}:{one['DnsName']}" for one in made.get("DnsEntries", [])]
        attributes = {"Id": made["VpcEndpointId"], "DnsEntries": names, "NetworkInterfaceIds": made.get("NetworkInterfaceIds", [])}
        return made["VpcEndpointId"], attributes

    def delete(identifier: str, _properties: Properties) -> None:
        ec2.delete_vpc_endpoints(VpcEndpointIds=[identifier])

    return {"AWS::EC2::VPCEndpoint": ResourceType(endpoint, None, delete)}


def _records(route53: Any) -> dict[str, ResourceType]:
    """Records of a zone that is there; an alias and a routing policy are not modelled."""

    def change(action: str, properties: Properties) -> None:
        if unknown := properties.keys() - {"Comment", "HostedZoneId", "Name", "ResourceRecords", "TTL", "Type"}:
            raise NotModelled(f"{', '.join(sorted(unknown))} of a record")
        record = {
            "Name": properties["Name"],
            "Type": properties["Type"],
            "TTL": int(properties["TTL"]),
            "ResourceRecords": [{"Value": value} for value in properties["ResourceRecords"]],
        }
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
        route53.change_resource_record_sets(HostedZoneId=properties["HostedZoneId"], ChangeBatch=batch)

    def create(_name: str, properties: Properties) -> Made:
        change("CREATE", properties)
        return properties["Name"], {}

    def update(_name: str, before: Properties, after: Properties) -> dict[str, Any]:
        if any(before[name] != after[name] for name in ("Name", "Type")):
            raise NotModelled("another name or type of a record in place")
        change("UPSERT", after)
        return {}

    return {"AWS::Route53::RecordSet": ResourceType(create, update, lambda _, properties: change("DELETE", properties))}
