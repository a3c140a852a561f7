"""Runs the real CDK CLI against the local cloud."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from rehearsal.run.installed_tools import InstalledTools
from rehearsal.run.local_cloud import LocalCloud
from uplift.settings.load import load_settings
from uplift.settings.pipeline_names import PipelineNames

_QUIET = {
    # jsii prints ten lines at every start on a Node.js past its end of life; they change nothing here.
    "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "18,20",
    "NODE_NO_WARNINGS": "1",
    "CI": "true",
}


@dataclass(frozen=True, slots=True)
class CliResult:
    """Exit code and everything printed."""

    exit_code: int
    output: str


@dataclass(frozen=True, slots=True)
class CdkCli:
    """The CLI with one environment's context."""

    installed_tools: InstalledTools
    cloud: LocalCloud
    config: Path
    log: Path

    def run(self, *arguments: str) -> CliResult:
        """Run one command, such as `deploy --all`, and append its output to the log."""
        context = ["-c", "environment=rehearsal", "-c", f"config={self.config}", "-c", f"bundle={self.installed_tools.bundle}"]
        command = [str(self.installed_tools.cdk), *arguments, *context, "--output", str(self.log.parent / "cdk.out")]
        done = subprocess.run(
            command, cwd=self.installed_tools.root, env={**self.cloud.environment, **_QUIET}, capture_output=True, text=True, check=False
        )
        output = done.stdout + done.stderr
        with self.log.open("a") as log:
            log.write(f"$ cdk {' '.join(arguments)}\n{output}\n")
        return CliResult(done.returncode, output)

    def bootstrap(self, assembly: Path | None = None) -> CliResult:
        """Bootstrap account and region, with the qualifier the stacks are synthesised with; its rights are not the pipeline's.

        The CLI synthesises for it, unless an assembly is there already.
        """
        names = PipelineNames("rehearsal", load_settings("rehearsal", self.config))
        own = ["--qualifier", names.qualifier, "--toolkit-stack-name", names.toolkit_stack]
        app = ["--app", str(assembly)] if assembly is not None else []
        return self.run("bootstrap", f"aws://{self.cloud.account}/{self.cloud.region}", *own, *app)

    def deploy(self) -> CliResult:
        """Deploy every stack."""
        return self.run("deploy", "--all", "--require-approval", "never", "--progress", "events")
