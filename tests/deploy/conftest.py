"""A local cloud to which edited assemblies are deployed by the real CDK CLI, beside what the review says of them."""

from __future__ import annotations

import copy
import hashlib
import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rehearsal.run.installed_tools import InstalledTools
from rehearsal.run.local_cloud import LocalCloud
from tests.deployed_cloud import APP_CACHE, Deployed, wait_until

Template = dict[str, Any]


@dataclass(frozen=True)
class Pipeline:
    """The cloud, the synthesised assembly every pair is an edit of, and the CLI."""

    cloud: LocalCloud
    synthesised: Path
    installed_tools: InstalledTools
    folder: Path

    def template(self) -> Template:
        loaded: Template = json.loads((self.synthesised / f"{APP_CACHE}.template.json").read_text())
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
        return write_edited(self.synthesised, self.folder / name, {APP_CACHE: template})

    def _artifacts(self, folder: Path, synthesised: dict[str, Any], stack: str, template: Template) -> dict[str, Any]:
        """The stack's artifact and the one that uploads its template, under another name and the template's own digest."""
        body = _of(stack, template)
        (folder / f"{stack}.template.json").write_text(body)
        assets = (self.synthesised / f"{APP_CACHE}.assets.json").read_text()
        old, new = _digests(assets, APP_CACHE, body)
        shutil.copy(self.synthesised / f"{APP_CACHE}.metadata.json", folder / f"{stack}.metadata.json")
        (folder / f"{stack}.assets.json").write_text(assets.replace(old, new).replace(APP_CACHE, stack))
        mine = {name: one for name, one in synthesised.items() if name.startswith(APP_CACHE)}
        renamed: dict[str, Any] = json.loads(json.dumps(mine).replace(old, new).replace(APP_CACHE, stack))
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

    def change(self, stack: str, template: Template) -> str:
        """Create and execute a change set of one stack, as the CLI does; returns the status in the end."""
        client = self.cloud.client("cloudformation")
        kind = "UPDATE" if stack in self.statuses() else "CREATE"
        names = {"StackName": stack, "ChangeSetName": f"change-{kind}"}
        client.create_change_set(**names, ChangeSetType=kind, TemplateBody=_of(stack, template), Capabilities=["CAPABILITY_NAMED_IAM"])
        client.execute_change_set(**names)
        wait_until(lambda: not self.status(stack).endswith("IN_PROGRESS"), f"{stack} was never done")
        return self.status(stack)

    def delete(self, stack: str) -> None:
        """Delete a stack of a test's own and wait for its end."""
        client = self.cloud.client("cloudformation")
        client.update_termination_protection(StackName=stack, EnableTerminationProtection=False)
        client.delete_stack(StackName=stack)
        wait_until(lambda: self.statuses().get(stack) != "DELETE_IN_PROGRESS", f"{stack} was never deleted")
        assert stack not in self.statuses(), self.statuses()[stack]

    def statuses(self) -> dict[str, str]:
        """The stacks that exist, by name."""
        return {one["StackName"]: one["StackStatus"] for one in self.cloud.client("cloudformation").describe_stacks()["Stacks"]}

    def physical_id(self, stack: str, kind: str) -> str:
        """The one resource of a type."""
        listed = self.cloud.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
        (found,) = [one["PhysicalResourceId"] for one in listed if one["ResourceType"] == kind]
        return str(found)

    def status(self, stack: str) -> str:
        return self.statuses()[stack]


def write_edited(synthesised: Path, folder: Path, templates: dict[str, Template]) -> Path:
    """A copy of a whole assembly with other templates, each under its own digest: what was uploaded once is not uploaded again."""
    shutil.copytree(synthesised, folder)
    manifest = (folder / "manifest.json").read_text()
    for stack, template in templates.items():
        body, assets = json.dumps(template), folder / f"{stack}.assets.json"
        (folder / f"{stack}.template.json").write_text(body)
        old, new = _digests(assets.read_text(), stack, body)
        assets.write_text(assets.read_text().replace(old, new))
        manifest = manifest.replace(old, new)
    (folder / "manifest.json").write_text(manifest)
    return folder


def _digests(assets: str, stack: str, body: str) -> tuple[str, str]:
    """That of a stack's template in the text of its assets, and that of another template."""
    (old,) = [digest for digest, one in json.loads(assets)["files"].items() if one["source"]["path"] == f"{stack}.template.json"]
    return old, hashlib.sha256(body.encode()).hexdigest()


def _of(stack: str, template: Template) -> str:
    """The template's text; facts and names of a copy are told apart from those of the stack itself."""
    if stack == APP_CACHE:
        return json.dumps(template)
    mine = json.dumps(template).replace("/uplift/rehearsal/", f"/uplift/{stack}/")
    return mine.replace(".redis.rehearsal.internal", f".{stack.lower()}.redis.rehearsal.internal")


def edited(template: Template, *edits: Any) -> Template:
    """A copy with edits of tests/review/edits.py made, which know the stack by its name in prod."""
    held = {"UpliftProdAppCache": copy.deepcopy(template)}
    for edit in edits:
        edit(held)
    return held["UpliftProdAppCache"]


@pytest.fixture(scope="session")
def pipeline(deployed: Deployed, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """The deployed cloud, seen as the pipeline sees it."""
    return Pipeline(deployed.cloud, deployed.synthesised, deployed.cdk.installed_tools, tmp_path_factory.mktemp("pipeline"))
