"""docs/pipeline.md, "Set-up", followed word by word: its commands are run in a checkout, its lines are written into the settings.

What an account has already stands for itself: network, legacy and an administrator. GitHub is not here.
"""

from __future__ import annotations

import os
import pty
import re
import shutil
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from rehearsal.cloud.timing import Timing
from rehearsal.run.installed_tools import InstalledTools
from rehearsal.run.local_cloud import LocalCloud
from uplift.settings.load import load_settings
from uplift.settings.pipeline_names import ExecutionPart, PipelineNames

pytestmark = pytest.mark.cloud
_ACCOUNT, _REGION, _LEGACY = "123456789012", "us-gov-west-1", "vets-api-dev"
# What is installed and built is used where it is; the rest of the repository is copied.
_LINKED = (".venv", ".cache", "node_modules")


def _blocks() -> list[str]:
    """Indented lines of the section without an empty one between them, in order."""
    page = Path("docs/pipeline.md").read_text()
    section = page[page.index("## Set-up") : page.index("## Roles")]
    return [re.sub(r"^    ", "", block, flags=re.MULTILINE).strip() for block in re.findall(r"(?:^    .*\n)+", section, re.MULTILINE)]


_BLOCKS = _blocks()
_COMMANDS = [block for block in _BLOCKS if block.startswith("make ")]


@dataclass
class Checkout:
    """A copy of the repository, and the account it is deployed to."""

    root: Path
    cloud: LocalCloud

    def make(self, line: str) -> subprocess.CompletedProcess[str]:
        """Run one line as it stands in the page."""
        return subprocess.run(["bash", "-c", line], cwd=self.root, env=self._environment, capture_output=True, text=True, check=False)

    def at_a_terminal(self, line: str) -> tuple[int, str]:
        """The same where somebody answers each question with yes; returns the exit code and what they saw."""
        ours, theirs = pty.openpty()
        # A terminal of no width makes the CLI draw its progress one letter a line.
        termios.tcsetwinsize(ours, (50, 200))
        process = subprocess.Popen(["bash", "-c", line], cwd=self.root, env=self._environment, stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)
        seen, answered = "", 0
        # Reading from a terminal that everybody has left is an input/output error.
        with suppress(OSError):
            while chunk := os.read(ours, 4096).decode(errors="replace"):
                seen += chunk
                if seen.count("(y/n)") > answered:
                    answered += 1
                    os.write(ours, b"y\n")
        os.close(ours)
        return process.wait(), seen

    @property
    def _environment(self) -> dict[str, str]:
        # Neither a pipeline's, nor those of the `make test` that runs this.
        ours = {"CI", "ARGS", "MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "MAKELEVEL"}
        return {name: value for name, value in self.cloud.environment.items() if name not in ours} | {"NODE_NO_WARNINGS": "1"}

    def write(self, file: str, lines: str) -> None:
        """Add what a block of the page says to a file of settings."""
        path = self.root / file
        content: dict[str, Any] = yaml.safe_load(path.read_text()) if path.exists() else {}
        path.write_text(yaml.safe_dump(content | yaml.safe_load(lines)))

    def replace_placeholders(self) -> None:
        """As the commands would find them: the ids of the seeded account, and legacy as it is there. And a last day that is to come."""
        path = self.root / "config/dev.yaml"
        text = path.read_text().replace("0bad0bad", "00000000").replace("111111111111", _ACCOUNT).replace("OWNER/NAME", "us/redis")
        text = text.replace("2026-12-31T06:00:00Z", "2190-12-31T06:00:00Z")
        path.write_text(text.replace("3.2.4", "3.2.6").replace("vets-api-dev-redis32", "default.redis3.2"))

    def stacks(self) -> dict[str, str]:
        return {one["StackName"]: one["StackStatus"] for one in self.cloud.client("cloudformation").describe_stacks()["Stacks"]}


@pytest.fixture(scope="module")
def checkout(installed_tools: InstalledTools, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    folder = tmp_path_factory.mktemp("page")
    root = folder / "checkout"
    for name in subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True).stdout.splitlines():
        if Path(name).is_file() and not name.startswith("tests/"):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(name, root / name)
    for name in _LINKED:
        (root / name).symlink_to(Path(sys.prefix if name == ".venv" else name).resolve())
    timing = Timing(outage_seconds=0.5, status_seconds=0.2, wait_scale=0.02)
    with LocalCloud(installed_tools, folder / "cloud", account=_ACCOUNT, region=_REGION, timing=timing, faults=[]) as cloud:
        yield Checkout(root, cloud)


def test_the_page_has_the_commands_that_are_followed_here() -> None:
    first, bootstrap, deploy, again, look = _COMMANDS
    assert first == "make synth ENV=dev"
    assert bootstrap == "make bootstrap ENV=dev"
    assert deploy.splitlines() == ["make synth ENV=dev", "make deploy ENV=dev"]
    assert again == "make deploy ENV=dev"
    assert look.splitlines() == ["make drift ENV=dev", "make operate ENV=dev COMMAND=plan"]


def test_1_placeholders_are_named_with_the_command_that_finds_each(checkout: Checkout) -> None:
    checkout.write("config/dev.yaml", next(block for block in _BLOCKS if block.startswith("pipeline:")))
    done = checkout.make(_COMMANDS[0])
    assert done.returncode == 2
    said = [line for line in done.stderr.splitlines() if line.startswith("config/dev.yaml: ")]
    for line in next(block for block in _BLOCKS if block.startswith("config/dev.yaml")).splitlines():
        assert line in said
    # Each id, the account and the repository.
    assert len(said) == len(re.findall("0bad0bad", (checkout.root / "config/dev.yaml").read_text())) + 2
    assert not (checkout.root / "cdk.out").exists()
    checkout.replace_placeholders()
    checkout.cloud.seed_network(load_settings("dev", checkout.root / "config"))
    made = checkout.cloud.command(
        "create-legacy", id=_LEGACY, version="3.2.6", nodes=2, node_type="cache.r5.large", standalone=False, windows={}
    )
    assert made["port"]


def test_2_an_administrator_reads_the_rights_and_says_yes(checkout: Checkout) -> None:
    code, seen = checkout.at_a_terminal(_COMMANDS[1])
    assert code == 0, seen
    assert "sts:AssumeRoleWithWebIdentity" in seen
    assert checkout.stacks() == {"UpliftDevPipeline": "CREATE_COMPLETE", "UpliftDevToolkit": "CREATE_COMPLETE"}
    names = PipelineNames("dev", load_settings("dev", checkout.root / "config"))
    iam = checkout.cloud.client("iam")
    for part in ExecutionPart:
        assert iam.get_policy(PolicyArn=names.policy_arn(names.execution_policy(part)))
    described = checkout.cloud.client("cloudformation").describe_stacks(StackName=names.toolkit_stack)["Stacks"][0]
    parameters = {one["ParameterKey"]: one["ParameterValue"] for one in described["Parameters"]}
    assert described["EnableTerminationProtection"] is True
    assert parameters["Qualifier"] == "updev"
    assert parameters["CloudFormationExecutionPolicies"] == ",".join(names.execution_policy_arns)


def test_4_the_first_deploy_wants_to_be_read_and_is_then_made(checkout: Checkout) -> None:
    synth, deploy = _COMMANDS[2].splitlines()
    done = checkout.make(synth)
    assert done.returncode == 0, done.stderr
    stopped = checkout.make(deploy)
    assert stopped.returncode == 2, stopped.stdout + stopped.stderr
    assert stopped.stdout.count("a new stack with permissions") == 3
    assert "UpliftDevUpgrade" not in checkout.stacks()
    entries = next(block for block in _BLOCKS if block.startswith("acknowledged:"))
    checkout.write("config/acknowledged.yaml", entries.replace("2026-12-31", str(date.today())))
    again = checkout.make(_COMMANDS[3])
    assert again.returncode == 0, again.stdout + again.stderr
    ours = {name: status for name, status in checkout.stacks().items() if name not in {"UpliftDevPipeline", "UpliftDevToolkit"}}
    assert ours == dict.fromkeys(("UpliftDevAppCache", "UpliftDevSidekiq", "UpliftDevUpgrade"), "CREATE_COMPLETE")
    endpoints = checkout.cloud.client("ec2").describe_vpc_endpoints()["VpcEndpoints"]
    assert {one["VpcEndpointType"] for one in endpoints} == {"Gateway", "Interface"}


def test_5_it_is_there(checkout: Checkout) -> None:
    drift, plan = (checkout.make(line) for line in _COMMANDS[4].splitlines())
    assert drift.returncode == 0, drift.stdout + drift.stderr
    assert drift.stdout.endswith("\ndev: every group is as its template says\n")
    assert "2 node(s) at 3.2.6, target redis 5.0.6" in plan.stdout
