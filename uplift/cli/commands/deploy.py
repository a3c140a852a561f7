"""`uplift deploy ENV ASSEMBLY`: drift, review against what is deployed, stack policies, and the real `cdk deploy` of that directory."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from uplift.aws_calls import aws_named
from uplift.cli.cdk_command import INSTALLED_CDK, CdkCommand, run_cdk, stopped_in_words
from uplift.cli.commands.drift import deployed_stacks, find_drift
from uplift.cli.commands.review import Acknowledged, Allow
from uplift.cli.commands.settings import refuse_past_dates, refuse_placeholders
from uplift.cli.deployment import Deployment
from uplift.cli.options.environment import Config, Environment
from uplift.cli.terminal.output import print_lines
from uplift.deploy.deployed_stacks import DeployedStack, as_assembly
from uplift.deploy.failed_creation import lift_where_creation_was_rolled_back, stop_where_creation_is_stuck
from uplift.deploy.stack_policy_guard import guarded
from uplift.errors import BadInput, ExitCode, NotSafe
from uplift.review.acknowledgements import DEFAULT_FILE, load_acknowledgements
from uplift.review.finding import Impact
from uplift.review.review import Review
from uplift.review.review import review as make_review
from uplift.review.review_text import as_lines
from uplift.review.templates.assembly import read_assembly
from uplift.review.templates.template import Assembly
from uplift.settings.load import CONFIG_DIRECTORY, load_settings

AssemblyFolder = Annotated[Path, typer.Argument(help="The directory that cdk synth wrote: it is reviewed, and it is deployed.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Stop before anything is changed.")]


def deploy(
    environment: Environment,
    assembly: AssemblyFolder,
    acknowledged: Acknowledged = None,
    allow: Allow = Impact.HARMLESS,
    cdk: CdkCommand = INSTALLED_CDK,
    config: Config = CONFIG_DIRECTORY,
    *,
    dry_run: DryRun = False,
) -> None:
    """Deploy an assembly that nothing speaks against: exit 0 deployed, 1 stopped or failed, 2 bad input."""
    deployment = Deployment(environment, load_settings(environment, config))
    refuse_placeholders(environment, deployment.settings, config)
    refuse_past_dates(environment, deployment.settings, config)
    head = read_assembly(assembly)
    _check_is_of(deployment, head)
    if not cdk.is_file():
        raise BadInput(f"--cdk {cdk}: does not exist; `npm ci` installs it")
    entries = load_acknowledgements(acknowledged or DEFAULT_FILE, required=acknowledged is not None)
    with aws_named("reading CloudFormation"):
        stop_where_creation_is_stuck(deployment.stacks, head.stacks)
    stacks = deployed_stacks(deployment)
    _stop_on_drift(deployment, stacks, head, config)
    review = make_review(as_assembly(stacks), head, entries, today=datetime.now(UTC).date(), allowed=allow)
    print_lines(as_lines(review))
    if review.unacknowledged:
        raise typer.Exit(ExitCode.FAILED)
    if dry_run:
        print_lines(["dry run: nothing was changed"])
        return
    _run(deployment, stacks, head, review, [str(cdk.resolve()), "deploy", "--all", "--app", str(assembly), "--require-approval", "never"])


def _check_is_of(deployment: Deployment, head: Assembly) -> None:
    foreign = sorted(head.stacks.keys() - set(deployment.stack_names))
    if foreign:
        allowed = ", ".join(deployment.stack_names)
        raise BadInput(f"{head.source}: {foreign[0]} is no stack of {deployment.environment}, allowed: {allowed}")


def _stop_on_drift(deployment: Deployment, stacks: dict[str, DeployedStack], head: Assembly, config: Path) -> None:
    found = find_drift(deployment, stacks, head, config) if stacks else []
    print_lines([f"drift: {one}" for one in found])
    if found:
        raise NotSafe(f"{len(found)} {'value has' if len(found) == 1 else 'values have'} drifted from the templates; nothing was deployed")


def _run(deployment: Deployment, stacks: dict[str, DeployedStack], head: Assembly, review: Review, command: list[str]) -> None:
    """Run the CLI with its output passed through. Raises CdkFailed, after the policies are strict again."""
    with aws_named("lifting termination protection"):
        lift_where_creation_was_rolled_back(deployment.stacks, head.stacks, lambda line: print_lines([line]))
    guard = guarded(deployment.stacks, stacks, head, review, lambda line: print_lines([line]))
    with stopped_in_words(), aws_named("setting a stack policy"), guard:
        run_cdk(command)
