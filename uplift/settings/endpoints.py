"""The VPC endpoints that must be there already where the stacks are not to make them."""

from __future__ import annotations

from collections.abc import Iterator

from uplift.settings.environment import EnvironmentSettings


def needed_endpoints(settings: EnvironmentSettings) -> Iterator[str]:
    """One sentence for each endpoint the data function needs; none where the stacks make them, or hold no function."""
    network, region = settings.network, settings.region
    if network.create_vpc_endpoints or not settings.deploys_upgrade:
        return
    subnets = ", ".join(network.subnet_ids)
    yield f"the gateway endpoint com.amazonaws.{region}.s3 in {network.vpc_id}, in the route tables of {subnets}"
    if settings.legacy.auth_secret_arn:
        yield (
            f"the interface endpoint com.amazonaws.{region}.secretsmanager in {network.vpc_id} with private DNS, "
            f"in security group {network.endpoint_security_group_id}"
        )
