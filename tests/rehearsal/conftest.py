"""One local cloud that everything is deployed to once, by the real CDK CLI."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rehearsal.cloud.timing import Timing
from rehearsal.run.cdk_cli import CdkCli
from rehearsal.run.execution import Ended, watch
from rehearsal.run.in_place import Address
from rehearsal.run.local_cloud import LocalCloud
from rehearsal.run.workshop import Workshop
from uplift.settings.environment import EnvironmentSettings
from uplift.settings.load import load_settings

LEGACY = "vets-api-legacy"


@dataclass(frozen=True)
class Deployed:
    """The cloud, the CLI to deploy to it again, and what the environment was deployed from."""

    cloud: LocalCloud
    cdk: CdkCli
    settings: EnvironmentSettings

    def new_legacy(self, version: str = "3.2.6", nodes: int = 2) -> Address:
        """A fresh legacy, whatever an earlier test made of it."""
        self.cloud.command("delete-legacy", id=LEGACY)
        made = self.cloud.command("create-legacy", id=LEGACY, version=version, nodes=nodes, node_type="cache.r5.large", standalone=False)
        self.cloud.client("dynamodb").delete_item(TableName=self._lock_table(), Key={"source": {"S": LEGACY}})
        return Address(**made)

    def _lock_table(self) -> str:
        (name,) = self.cloud.client("dynamodb").list_tables()["TableNames"]
        return str(name)

    def fire(self) -> str:
        """Fire the deployed schedule; returns the execution's ARN."""
        return str(self.cloud.command("fire-schedule", prefix="UpliftRehearsal")["execution"])

    def start(self, machine_input: str) -> str:
        """Start the state machine by hand."""
        machine = self.fact("upgrade/state-machine-arn")
        return str(self.cloud.client("stepfunctions").start_execution(stateMachineArn=machine, input=machine_input)["executionArn"])

    def ended(self, *arns: str) -> list[Ended]:
        """Wait for executions."""
        return watch(self.cloud.client("stepfunctions"), list(arns), lambda _line: None, 180)

    def fact(self, name: str) -> str:
        """A fact the stacks published."""
        value: Any = self.cloud.client("ssm").get_parameter(Name=f"/uplift/rehearsal/{name}")["Parameter"]["Value"]
        return str(value)


@pytest.fixture(scope="session")
def deployed(workshop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    settings = load_settings("rehearsal")
    folder = tmp_path_factory.mktemp("deployed")
    timing = Timing(outage_seconds=0.5, status_seconds=0.2, wait_scale=0.02)
    with LocalCloud(workshop, folder / "cloud", account=settings.account, region=settings.region, timing=timing, faults=[]) as cloud:
        network = settings.network
        groups = [*network.client_security_group_ids.values(), network.endpoint_security_group_id, settings.legacy.security_group_id]
        cloud.command("seed-network", vpc=network.vpc_id, subnets=list(network.subnet_ids), security_groups=groups)
        cdk = CdkCli(workshop, cloud, Path("config").resolve(), folder / "cdk.log")
        bootstrapped, done = cdk.bootstrap(), cdk.deploy()
        assert bootstrapped.exit_code == 0, bootstrapped.output
        assert done.exit_code == 0, done.output
        yield Deployed(cloud, cdk, settings)
