"""`uplift settings check ENV`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from uplift.aws_calls import aws_named
from uplift.cli.deployment import PEOPLE_TOPIC_FACT, Deployment
from uplift.cli.options.environment import Config, Environment
from uplift.cli.terminal.output import AsJson, print_json, print_lines
from uplift.errors import BadInput, ExitCode
from uplift.inplace.aws.subscriptions import read_people
from uplift.inplace.records.people import People
from uplift.settings.endpoints import needed_endpoints
from uplift.settings.environment import EnvironmentSettings
from uplift.settings.load import CONFIG_DIRECTORY, load_settings
from uplift.settings.past_dates import past_dates
from uplift.settings.placeholders import placeholders
from uplift.settings.warnings import settings_warnings

commands = typer.Typer(no_args_is_help=True, add_completion=False)


# A callback: without one, a group of one command would be that command.
@commands.callback()
def group() -> None:
    """Check config/ENV.yaml."""


@commands.command()
def check(
    environment: Environment,
    config: Config = CONFIG_DIRECTORY,
    *,
    deploy: Annotated[bool, typer.Option("--deploy", help="Refuse placeholders, as a deploy does.")] = False,
    deployed: Annotated[bool, typer.Option("--deployed", help="Look in AWS, too: who has confirmed that they are notified.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check one environment: exit 0 with warnings, 1 when --deployed finds that nobody is notified, or 2 with one line of bad input."""
    settings = load_settings(environment, config)
    if deploy:
        refuse_placeholders(environment, settings, config)
    refuse_past_dates(environment, settings, config)
    warnings, endpoints = settings_warnings(settings), list(needed_endpoints(settings))
    notified = _notified(Deployment(environment, settings)) if deployed else {}
    if as_json:
        print_json(
            {
                "schema": "uplift.settings.check/1",
                "environment": environment,
                "valid": True,
                "warnings": warnings,
                "must_exist": endpoints,
                "notified": {name: {"confirmed": one.confirmed, "pending": list(one.pending)} for name, one in notified.items()},
            }
        )
    else:
        lines = [f"{config / environment}.yaml is valid", *(f"warning: {warning}" for warning in warnings)]
        lines += [f"must exist: {endpoint}" for endpoint in endpoints]
        print_lines([*lines, *(f"{name}: {one.summary}" for name, one in notified.items())])
    if any(not one.confirmed for one in notified.values()):
        raise typer.Exit(ExitCode.FAILED)


def refuse_past_dates(environment: str, settings: EnvironmentSettings, config: Path) -> None:
    """Raises BadInput where no upgrade can begin any more, because a date has passed."""
    for one in past_dates(settings, datetime.now(UTC)):
        raise BadInput(f"{config / environment}.yaml: {one}")


def refuse_placeholders(environment: str, settings: EnvironmentSettings, config: Path) -> None:
    """Raises BadInput, with one line for each value that is nobody's own and the command that finds the right one."""
    found = [f"{config / environment}.yaml: {one}" for one in placeholders(settings)]
    if found:
        raise BadInput("\n".join(found))


def _notified(deployment: Deployment) -> dict[str, People]:
    """Who hears of the upgrade, of each group's alarms, and of ElastiCache's own events. Raises BadInput where nothing is deployed."""
    existing = deployment.settings.upgrade.receivers.topics
    topics = {"the upgrade": (deployment.fact(PEOPLE_TOPIC_FACT), *existing)} if deployment.settings.deploys_upgrade else {}
    for name in deployment.settings.deployed_groups:
        topics[f"alarms of {name}"] = (deployment.fact(f"{name}/people-topic-arn"), *existing)
        topics[f"ElastiCache's events of {name}"] = (deployment.fact(f"{name}/events-topic-arn"),)
    with aws_named("reading who is subscribed"):
        return {name: read_people(deployment.sns, arns) for name, arns in topics.items()}
