"""`uplift bootstrap ENV`: what an administrator sets up once: the rights of a pipeline, and a bootstrap with these rights."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from uplift.aws_calls import aws_named
from uplift.cli.cdk_command import INSTALLED_CDK, CdkCommand, run_cdk, stopped_in_words
from uplift.cli.commands.settings import refuse_placeholders
from uplift.cli.deployment import Deployment
from uplift.cli.options.environment import Config, Environment
from uplift.cli.terminal.output import print_lines
from uplift.deploy.failed_creation import lift_where_creation_was_rolled_back, stop_where_creation_is_stuck
from uplift.errors import BadInput
from uplift.settings.load import CONFIG_DIRECTORY, load_settings
from uplift.settings.pipeline_names import PipelineNames

_APPLICATION = Path("pipeline.py")


def bootstrap(
    environment: Environment,
    cdk: CdkCommand = INSTALLED_CDK,
    config: Config = CONFIG_DIRECTORY,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before rights are given.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the two commands, and run none.")] = False,
) -> None:
    """Deploy the pipeline's rights and bootstrap with them, with an administrator's credentials: exit 0 done, 1 failed, 2 bad input."""
    settings = load_settings(environment, config)
    refuse_placeholders(environment, settings, config)
    if settings.pipeline is None:
        raise BadInput(f"{config / environment}.yaml: pipeline is missing, allowed: pipeline: {{repository: OWNER/NAME}}")
    names = PipelineNames(environment, settings)
    commands = _commands(names, cdk, config, yes=yes)
    if not dry_run:
        _make_way(Deployment(environment, settings), names)
    for command in commands:
        print_lines([f"$ {shlex.join(command)}"])
        if not dry_run:
            with stopped_in_words():
                run_cdk(command)


def _commands(names: PipelineNames, cdk: Path, config: Path, *, yes: bool) -> list[list[str]]:
    """The rights first: the bootstrap names them. Its qualifier and stack are this environment's own, whatever else is bootstrapped."""
    if not cdk.is_file() or not _APPLICATION.is_file():
        raise BadInput(f"{cdk if not cdk.is_file() else _APPLICATION}: does not exist; run this in the checkout, after `npm ci`")
    application = ["--app", f"{sys.executable} {_APPLICATION}", "-c", f"environment={names.environment}", "-c", f"config={config}"]
    settings = names.settings
    approval = ["--require-approval", "never"] if yes else []
    own = ["--qualifier", names.qualifier, "--toolkit-stack-name", names.toolkit_stack, "--termination-protection"]
    policies = ["--cloudformation-execution-policies", ",".join(names.execution_policy_arns)]
    own += [word for key, value in settings.tags.items() for word in ("--tags", f"{key}={value}")]
    if names.organisation_boundary_arn is not None:
        own += ["--custom-permissions-boundary", names.organisation_boundary_arn.partition(":policy/")[2]]
    return [
        [str(cdk), "deploy", names.stack, *approval, *application],
        [str(cdk), "bootstrap", f"aws://{settings.account}/{settings.region}", *own, *policies, *application],
    ]


def _make_way(deployment: Deployment, names: PipelineNames) -> None:
    """Both stacks are protected, also where their first creation was rolled back. Raises NotSafe where a person has to look first."""
    stacks = [names.stack, names.toolkit_stack]
    with aws_named("reading CloudFormation"):
        stop_where_creation_is_stuck(deployment.stacks, stacks)
        lift_where_creation_was_rolled_back(deployment.stacks, stacks, lambda line: print_lines([line]))
