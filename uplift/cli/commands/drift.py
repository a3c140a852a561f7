"""`uplift drift ENV`: where the real groups are not what their templates say, which `cdk drift` cannot see."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from uplift.aws_calls import aws_named
from uplift.cli.deployment import PARAMETER_GROUP_FACT, Deployment
from uplift.cli.options.environment import Config, Environment
from uplift.cli.terminal.output import AsJson, print_json, print_lines
from uplift.deploy.deployed_stacks import DeployedStack
from uplift.deploy.drift_reader import DriftReader
from uplift.deploy.drift_rules import Drift, legacy_drift
from uplift.errors import BadInput, ExitCode, RunRefused
from uplift.review.templates.assembly import read_assembly
from uplift.review.templates.template import Assembly
from uplift.settings.load import CONFIG_DIRECTORY, load_settings

Planned = Annotated[Path | None, typer.Option("--assembly", help="The assembly about to be deployed: what it mends is no drift.")]


def drift(environment: Environment, assembly: Planned = None, config: Config = CONFIG_DIRECTORY, *, as_json: AsJson = False) -> None:
    """Compare every deployed group, and legacy, with what is written: exit 0 equal, 1 something drifted, 2 bad input."""
    deployment = Deployment(environment, load_settings(environment, config))
    stacks = deployed_stacks(deployment)
    if not stacks:
        raise BadInput(f"no stack of {environment} is deployed in {deployment.settings.region}: nothing can have drifted")
    found = find_drift(deployment, stacks, read_assembly(assembly) if assembly is not None else None, config)
    if as_json:
        print_json({"schema": "uplift.drift/1", "environment": environment, "drifts": [asdict(one) for one in found]})
    else:
        print_lines([str(one) for one in found] or [f"{environment}: every group is as its template says"])
    if found:
        raise typer.Exit(ExitCode.FAILED)


def deployed_stacks(deployment: Deployment) -> dict[str, DeployedStack]:
    """The stacks of one environment that exist."""
    with aws_named("reading CloudFormation"):
        return deployment.stacks.read(deployment.stack_names)


def find_drift(deployment: Deployment, stacks: dict[str, DeployedStack], planned: Assembly | None, config: Path) -> list[Drift]:
    """Every drift of the environment's groups and of legacy's settings."""
    settings = deployment.settings
    with aws_named(f"reading ElastiCache in {settings.region}"):
        found = list(DriftReader(deployment.elasticache, deployment.secrets).find(stacks, planned))
        try:
            legacy = deployment.legacy.observe()
        except RunRefused:
            # Legacy is deleted in the end, and its settings may stay.
            return found
    groups = frozenset(member.parameter_group for member in legacy.members)
    file = str(config / f"{deployment.environment}.yaml")
    own = deployment.fact_if_deployed(PARAMETER_GROUP_FACT)
    return found + list(legacy_drift(settings.legacy, frozenset(legacy.versions), groups, file, own=own))
