"""How the data function reaches legacy, S3 and Secrets Manager from inside the VPC, and nothing else."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from stacks.shared.existing_vpc import existing_vpc
from uplift.settings.environment import EnvironmentSettings
from uplift.settings.network import NetworkSettings

_HTTPS = 443


class DataNetwork(Construct):
    """The function's security group, its own ingress rule on legacy, and its way to AWS services."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: EnvironmentSettings) -> None:
        super().__init__(scope, construct_id)
        network = settings.network
        self.vpc = existing_vpc(self, network=network)
        self.security_group = ec2.SecurityGroup(
            self, "SecurityGroup", vpc=self.vpc, allow_all_outbound=False, description="Data function of Uplift"
        )
        self._open_legacy(settings.legacy.security_group_id, settings.legacy.port)
        self._open_services(network)

    def _open_legacy(self, security_group_id: str, port: int) -> None:
        ec2.CfnSecurityGroupIngress(
            self,
            "LegacyIngress",
            group_id=security_group_id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            source_security_group_id=self.security_group.security_group_id,
            description="Data function of Uplift",
        )
        self._egress("LegacyEgress", port, destination_security_group_id=security_group_id)

    def _open_services(self, network: NetworkSettings) -> None:
        self._egress("S3Egress", _HTTPS, destination_prefix_list_id=network.s3_prefix_list_id)
        endpoint_group_id = network.endpoint_security_group_id or self._create_endpoints(network)
        self._egress("EndpointEgress", _HTTPS, destination_security_group_id=endpoint_group_id)

    def _create_endpoints(self, network: NetworkSettings) -> str:
        region = Stack.of(self).region
        group = ec2.SecurityGroup(
            self, "EndpointGroup", vpc=self.vpc, allow_all_outbound=False, description="Endpoints for the data function of Uplift"
        )
        group.add_ingress_rule(self.security_group, ec2.Port.tcp(_HTTPS), "HTTPS from the data function")
        ec2.CfnVPCEndpoint(
            self,
            "S3Endpoint",
            vpc_id=network.vpc_id,
            vpc_endpoint_type="Gateway",
            service_name=f"com.amazonaws.{region}.s3",
            route_table_ids=list(network.route_table_ids),
        )
        ec2.CfnVPCEndpoint(
            self,
            "SecretsManagerEndpoint",
            vpc_id=network.vpc_id,
            vpc_endpoint_type="Interface",
            service_name=f"com.amazonaws.{region}.secretsmanager",
            private_dns_enabled=True,
            subnet_ids=list(network.subnet_ids),
            security_group_ids=[group.security_group_id],
        )
        return group.security_group_id

    def _egress(
        self,
        construct_id: str,
        port: int,
        *,
        destination_security_group_id: str | None = None,
        destination_prefix_list_id: str | None = None,
    ) -> None:
        ec2.CfnSecurityGroupEgress(
            self,
            construct_id,
            group_id=self.security_group.security_group_id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            destination_security_group_id=destination_security_group_id,
            destination_prefix_list_id=destination_prefix_list_id,
        )
