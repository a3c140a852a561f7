"""One local cloud that everything is deployed to once, by the real CDK CLI."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rehearsal.cloud.timing import Timing
from rehearsal.run.cdk_cli import CdkCli
from rehearsal.run.in_place import Address
from rehearsal.run.installed_tools import InstalledTools
from rehearsal.run.local_cloud import LocalCloud
from rehearsal.run.watch_executions import Ended, watch
from uplift.inplace.aws.executions import look_at
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
        self.cloud.client("dynamodb").delete_item(TableName=self.lock_table(), Key={"source": {"S": LEGACY}})
        return Address(**made)

    def configure(self, **changes: Any) -> None:
        """Change what the deployed functions know of the settings, as another deploy would."""
        functions = self.cloud.client("lambda")
        for name in [function["FunctionName"] for function in functions.list_functions()["Functions"]]:
            variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
            before = json.loads(variables["UPLIFT_RUN_SETTINGS"])
            settings = before | changes
            if settings == before:
                continue  # its processes stay warm
            variables["UPLIFT_RUN_SETTINGS"] = json.dumps(settings)
            functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})

    def approve(self) -> str:
        """Approve what `uplift plan` says now."""
        plan = str(json.loads(self.uplift("plan", "rehearsal", "--json").stdout)["plan"])
        self.configure(approved_plan=plan, approved_by="the test")
        return plan

    def uplift(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command line against this cloud."""
        return self.cloud.uplift(*arguments)

    def lock_table(self) -> str:
        (name,) = self.cloud.client("dynamodb").list_tables()["TableNames"]
        return str(name)

    def fire(self) -> str:
        """Fire the deployed schedule; returns the execution's ARN."""
        return str(self.cloud.command("fire-schedule", prefix="UpliftRehearsal")["execution"])

    def start(self, machine_input: str) -> str:
        """Start the state machine by hand."""
        machine = self.fact("upgrade/state-machine-arn")
        return str(self.cloud.client("stepfunctions").start_execution(stateMachineArn=machine, input=machine_input)["executionArn"])

    def put_lock(self, source: str, owner: str, lease_seconds: int) -> None:
        """Let somebody hold the lock."""
        until = int(time.time()) + lease_seconds
        item = {"source": {"S": source}, "owner": {"S": owner}, "lease_until": {"N": str(until)}}
        self.cloud.client("dynamodb").put_item(TableName=self.lock_table(), Item=item)

    def wait_for_state(self, execution: str, state: str) -> None:
        """Wait until an execution has entered a state."""
        states = self.cloud.client("stepfunctions")
        deadline = time.monotonic() + 60
        while not look_at(states, execution).has_entered(state):
            assert time.monotonic() < deadline, f"{state} was never entered"

    def wait_until_idle(self) -> None:
        """Wait until nobody changes legacy or runs a function any more; stopping an execution stops neither."""
        deadline = time.monotonic() + 60
        while not self.cloud.command("idle", id=LEGACY)["idle"]:
            assert time.monotonic() < deadline, "something is still at work"

    def newest_report(self) -> dict[str, Any]:
        """The report that was kept last."""
        s3, bucket = self.cloud.client("s3"), self.fact("upgrade/report-bucket")
        objects = s3.list_objects_v2(Bucket=bucket)["Contents"]
        newest = max((item for item in objects if "/report-" in item["Key"]), key=lambda item: item["LastModified"])
        loaded: dict[str, Any] = json.loads(s3.get_object(Bucket=bucket, Key=newest["Key"])["Body"].read())
        return loaded

    def ended(self, *arns: str) -> list[Ended]:
        """Wait for executions."""
        return watch(self.cloud.client("stepfunctions"), list(arns), lambda _line: None, 180)

    def fact(self, name: str) -> str:
        """A fact the stacks published."""
        value: Any = self.cloud.client("ssm").get_parameter(Name=f"/uplift/rehearsal/{name}")["Parameter"]["Value"]
        return str(value)


@pytest.fixture(scope="session")
def deployed(installed_tools: InstalledTools, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    settings = load_settings("rehearsal")
    folder = tmp_path_factory.mktemp("deployed")
    timing = Timing(outage_seconds=0.5, status_seconds=0.2, wait_scale=0.02)
    with LocalCloud(installed_tools, folder / "cloud", account=settings.account, region=settings.region, timing=timing, faults=[]) as cloud:
        cloud.seed_network(settings)
        cdk = CdkCli(installed_tools, cloud, Path("config").resolve(), folder / "cdk.log")
        bootstrapped, done = cdk.bootstrap(), cdk.deploy()
        assert bootstrapped.exit_code == 0, bootstrapped.output
        assert done.exit_code == 0, done.output
        yield Deployed(cloud, cdk, settings)
