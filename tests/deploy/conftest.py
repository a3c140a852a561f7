"""A local cloud to which edited assemblies are deployed by the real CDK CLI, beside what the review says of them."""

from __future__ import annotations

import copy
import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rehearsal.cloud.timing import Timing
from rehearsal.run.cdk_cli import CdkCli
from rehearsal.run.installed_tools import InstalledTools
from rehearsal.run.local_cloud import LocalCloud
from tests.conftest import later_server
from uplift.settings.load import load_settings

Template = dict[str, Any]
STACK = "UpliftRehearsalAppCache"


class WithLaterServer(InstalledTools):
    """Redis 6.2 as well, so that an engine can be raised from 5.0.6."""

    @property
    def redis_servers(self) -> dict[str, Path]:
        return super().redis_servers | {"6.2": later_server(self, "6.2.14")}


@dataclass(frozen=True)
class Pipeline:
    """The cloud, the synthesised assembly every pair is an edit of, and the CLI."""

    cloud: LocalCloud
    synthesised: Path
    installed_tools: InstalledTools
    folder: Path

    def template(self) -> Template:
        loaded: Template = json.loads((self.synthesised / f"{STACK}.template.json").read_text())
        return loaded

    def write(self, name: str, templates: dict[str, Template]) -> Path:
        """A deployable assembly of edited copies of one stack, by the stack's name."""
        folder = self.folder / name
        folder.mkdir()
        manifest = json.loads((self.synthesised / "manifest.json").read_text())
        artifacts = {name: one for name, one in manifest["artifacts"].items() if one["type"] == "cdk:tree"}
        for stack, template in templates.items():
            artifacts |= self._artifacts(folder, manifest["artifacts"], stack, template)
        shutil.copy(self.synthesised / "tree.json", folder / "tree.json")
        (folder / "manifest.json").write_text(json.dumps(manifest | {"artifacts": artifacts}))
        return folder

    def write_all(self, name: str, template: Template) -> Path:
        """The whole assembly, with one stack edited."""
        folder = self.folder / name
        shutil.copytree(self.synthesised, folder)
        manifest = json.loads((self.synthesised / "manifest.json").read_text())
        manifest["artifacts"] |= self._artifacts(folder, manifest["artifacts"], STACK, template)
        (folder / "manifest.json").write_text(json.dumps(manifest))
        return folder

    def _artifacts(self, folder: Path, synthesised: dict[str, Any], stack: str, template: Template) -> dict[str, Any]:
        """The stack's artifact and the one that uploads its template, under another name and the template's own digest."""
        # Facts of a copy are told apart from those of the stack itself.
        body = json.dumps(template) if stack == STACK else json.dumps(template).replace("/uplift/rehearsal/", f"/uplift/{stack}/")
        (folder / f"{stack}.template.json").write_text(body)
        assets = (self.synthesised / f"{STACK}.assets.json").read_text()
        (old,) = [digest for digest, one in json.loads(assets)["files"].items() if one["source"]["path"] == f"{STACK}.template.json"]
        new = hashlib.sha256(body.encode()).hexdigest()
        shutil.copy(self.synthesised / f"{STACK}.metadata.json", folder / f"{stack}.metadata.json")
        (folder / f"{stack}.assets.json").write_text(assets.replace(old, new).replace(STACK, stack))
        mine = {name: one for name, one in synthesised.items() if name.startswith(STACK)}
        renamed: dict[str, Any] = json.loads(json.dumps(mine).replace(old, new).replace(STACK, stack))
        return renamed

    def deploy(self, assembly: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The real `cdk deploy` of a folder."""
        command = [
            str(self.installed_tools.cdk),
            "deploy",
            "--all",
            "--app",
            str(assembly),
            "--require-approval",
            "never",
            "--concurrency",
            "4",
            *arguments,
        ]
        environment = {**self.cloud.environment, "CI": "true", "NODE_NO_WARNINGS": "1"}
        return subprocess.run(command, cwd=self.installed_tools.root, env=environment, capture_output=True, text=True, check=False)

    def physical_id(self, stack: str, kind: str) -> str:
        """The one resource of a type."""
        listed = self.cloud.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
        (found,) = [one["PhysicalResourceId"] for one in listed if one["ResourceType"] == kind]
        return str(found)

    def status(self, stack: str) -> str:
        return str(self.cloud.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"])


def edited(template: Template, *edits: Any) -> Template:
    """A copy with edits of tests/review/edits.py made, which know the stack by its name in prod."""
    held = {"UpliftProdAppCache": copy.deepcopy(template)}
    for edit in edits:
        edit(held)
    return held["UpliftProdAppCache"]


@pytest.fixture(scope="session")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    settings = load_settings("rehearsal")
    folder = tmp_path_factory.mktemp("pipeline")
    installed_tools = WithLaterServer()
    installed_tools.check()
    timing = Timing(outage_seconds=1.0, status_seconds=0.2, wait_scale=0.02)
    with LocalCloud(installed_tools, folder / "cloud", account=settings.account, region=settings.region, timing=timing, faults=[]) as cloud:
        cloud.seed_network(settings)
        cdk = CdkCli(installed_tools, cloud, Path("config").resolve(), folder / "cdk.log")
        bootstrapped, synthesised = cdk.bootstrap(), cdk.run("synth", "--quiet")
        assert bootstrapped.exit_code == 0, bootstrapped.output
        assert synthesised.exit_code == 0, synthesised.output
        yield Pipeline(cloud, folder / "cdk.out", installed_tools, folder)
