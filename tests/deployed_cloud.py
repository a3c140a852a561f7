"""One local cloud that everything was deployed to once, by the pipeline's own command and the real CDK CLI."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

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
APP_CACHE = "UpliftRehearsalAppCache"
STACKS = (APP_CACHE, "UpliftRehearsalSidekiq", "UpliftRehearsalUpgrade")
# Long enough for a machine whose cores others use as well; whoever waits in vain is told what for.
_LONGEST_SECONDS = 180
# Between two looks, so that waiting takes no core from what is waited for.
_LOOK_SECONDS = 0.1


def later_server(installed_tools: InstalledTools, version: str) -> Path:
    """A server that only tests use; `make test` sets it up."""
    name = version if version.startswith("valkey-") else f"redis-{version}"
    binary = installed_tools.root / ".cache" / f"server-{name}" / "server"
    assert binary.exists(), f"{binary} is missing: `make test` sets it up"
    return binary


class WithLaterServer(InstalledTools):
    """Redis 6.2 as well, so that an engine can be raised from 5.0.6."""

    @property
    def redis_servers(self) -> dict[str, Path]:
        return super().redis_servers | {"6.2": later_server(self, "6.2.14")}


@dataclass(frozen=True)
class BeforeFirstDeploy:
    """What the pipeline's commands said while nothing was deployed."""

    deploy: subprocess.CompletedProcess[str]
    drift: subprocess.CompletedProcess[str]


PAGER, ON_CALL = "https://pager.example.gov/uplift", "on-call@example.gov"


@dataclass(frozen=True)
class Told:
    """What reached whom: subjects of mail, what rang a pager (messages to it, and alarms), and alarms alone."""

    mails: list[str]
    pages: list[str]
    alarms: list[str]


@dataclass(frozen=True)
class Deployed:
    """The cloud, the CLI to deploy to it again, and the one synthesis that it was deployed from and that tests edit."""

    cloud: LocalCloud
    cdk: CdkCli
    settings: EnvironmentSettings
    synthesised: Path
    before: BeforeFirstDeploy

    def new_legacy(self, version: str = "3.2.6", nodes: int = 2, windows: dict[str, Any] | None = None) -> Address:
        """A fresh legacy, whatever an earlier test made of it."""
        self.cloud.command("delete-legacy", id=LEGACY)
        made = self.cloud.command(
            "create-legacy", id=LEGACY, version=version, nodes=nodes, node_type="cache.r5.large", standalone=False, windows=windows or {}
        )
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
        started = self.cloud.client("stepfunctions").start_execution(
            stateMachineArn=machine, name=f"by-hand-{time.time_ns()}", input=machine_input
        )
        return str(started["executionArn"])

    def put_lock(self, source: str, owner: str, lease_seconds: int) -> None:
        """Let somebody hold the lock."""
        until = int(time.time()) + lease_seconds
        item = {"source": {"S": source}, "owner": {"S": owner}, "lease_until": {"N": str(until)}}
        self.cloud.client("dynamodb").put_item(TableName=self.lock_table(), Item=item)

    def put_lease(self, source: str, lease_seconds: int) -> None:
        """Let the lease of whoever holds the lock end so many seconds from now."""
        self.cloud.client("dynamodb").update_item(
            TableName=self.lock_table(),
            Key={"source": {"S": source}},
            UpdateExpression="SET lease_until = :until",
            ExpressionAttributeValues={":until": {"N": str(int(time.time()) + lease_seconds)}},
        )

    def told(self) -> Told:
        """Who was told what since it was last forgotten; an alarm goes to whoever is subscribed."""
        found = self.cloud.command("told")
        mails = [message["subject"] for message in found["messages"] if ON_CALL in message["to"]]
        pages = [message["subject"] for message in found["messages"] if PAGER in message["to"]]
        return Told(mails, [*pages, *found["alarms"]], found["alarms"])

    def wait_for_state(self, execution: str, state: str) -> None:
        """Wait until an execution has entered a state."""
        states = self.cloud.client("stepfunctions")
        wait_until(lambda: state in look_at(states, execution).entered, f"{state} was never entered")

    def wait_until_idle(self) -> None:
        """Wait until nobody changes legacy or runs a function any more; stopping an execution stops neither."""
        wait_until(lambda: bool(self.cloud.command("idle", id=LEGACY)["idle"]), "something is still at work")

    def newest_report(self) -> dict[str, Any]:
        """The report that was kept last."""
        s3, bucket = self.cloud.client("s3"), self.fact("upgrade/report-bucket")
        objects = s3.list_objects_v2(Bucket=bucket)["Contents"]
        newest = max((item for item in objects if "/report-" in item["Key"]), key=lambda item: item["LastModified"])
        loaded: dict[str, Any] = json.loads(s3.get_object(Bucket=bucket, Key=newest["Key"])["Body"].read())
        return loaded

    def ended(self, *arns: str) -> list[Ended]:
        """Wait for executions."""
        return watch(self.cloud.client("stepfunctions"), list(arns), lambda _line: None, _LONGEST_SECONDS)

    def fact(self, name: str) -> str:
        """A fact the stacks published."""
        value: Any = self.cloud.client("ssm").get_parameter(Name=f"/uplift/rehearsal/{name}")["Parameter"]["Value"]
        return str(value)


def wait_until(condition: Any, otherwise: str) -> None:
    """Look again and again, with a pause between two looks; fails with `otherwise` in the end."""
    deadline = time.monotonic() + _LONGEST_SECONDS
    while not condition():
        assert time.monotonic() < deadline, otherwise
        time.sleep(_LOOK_SECONDS)


def acknowledged(path: Path, *entries: dict[str, str]) -> str:
    """A file of acknowledgements, for `uplift deploy`."""
    path.write_text(yaml.safe_dump({"acknowledged": list(entries)}))
    return str(path)


def entry(stack: str, resource: str, impact: str) -> dict[str, str]:
    """Acknowledges one class of finding on one resource."""
    return {
        "stack": stack,
        "resource": resource,
        "class": impact,
        "reason": "a test of the pipeline",
        "by": "the test",
        "until": str(date.today()),
    }


@dataclass(frozen=True)
class Bootstrapped:
    """A cloud where nothing is deployed yet, and what is about to be."""

    cloud: LocalCloud
    cdk: CdkCli
    settings: EnvironmentSettings
    synthesised: Path


@contextmanager
def bootstrap_and_synthesise(folder: Path) -> Iterator[Bootstrapped]:
    """A cloud of its own, and one synthesis."""
    settings = load_settings("rehearsal")
    installed_tools = WithLaterServer()
    installed_tools.check()
    timing = Timing(outage_seconds=0.5, status_seconds=0.2, wait_scale=0.02)
    with LocalCloud(installed_tools, folder / "cloud", account=settings.account, region=settings.region, timing=timing, faults=[]) as cloud:
        cloud.seed_network(settings)
        cdk, assembly = CdkCli(installed_tools, cloud, Path("config").resolve(), folder / "cdk.log"), folder / "cdk.out"
        synthesised = cdk.run("synth", "--quiet")
        assert synthesised.exit_code == 0, synthesised.output
        bootstrapped = cdk.bootstrap(assembly)
        assert bootstrapped.exit_code == 0, bootstrapped.output
        yield Bootstrapped(cloud, cdk, settings, assembly)


@contextmanager
def deploy_everything(folder: Path) -> Iterator[Deployed]:
    """Bootstrap, synthesise once and deploy that, with what is said of an account where nothing is deployed yet."""
    with bootstrap_and_synthesise(folder) as ready:
        cloud, assembly = ready.cloud, ready.synthesised
        before = BeforeFirstDeploy(cloud.uplift("deploy", "rehearsal", str(assembly)), cloud.uplift("drift", "rehearsal"))
        entries = acknowledged(folder / "first.yaml", *[entry(stack, stack, "security") for stack in STACKS])
        done = cloud.uplift("deploy", "rehearsal", str(assembly), "--acknowledged", entries)
        assert done.returncode == 0, done.stdout + done.stderr
        yield Deployed(cloud, ready.cdk, ready.settings, assembly, before)
