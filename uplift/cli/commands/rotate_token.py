"""`uplift rotate-token ENV GROUP`: a new AUTH token without disconnecting a client, in two commands."""

from __future__ import annotations

from typing import Annotated

import typer

from uplift.auth_token.rotation import Rotation
from uplift.cli.deployment import Deployment
from uplift.cli.options.environment import Config, Environment
from uplift.cli.terminal.live_line import live_line
from uplift.cli.terminal.output import AsJson, print_json, print_lines
from uplift.errors import ExitCode
from uplift.settings.environment import GroupName
from uplift.settings.load import CONFIG_DIRECTORY, load_settings

Group = Annotated[GroupName, typer.Argument(help="Which group: app-cache or sidekiq.")]


def rotate_token(
    environment: Environment,
    group: Group,
    config: Config = CONFIG_DIRECTORY,
    *,
    finish: Annotated[bool, typer.Option("--finish", help="Afterwards: refuse the old token.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a new token and let both work; once every client has it, `--finish` refuses the old one. Goes on where it was cut short."""
    deployment = Deployment(environment, load_settings(environment, config))
    rotation = Rotation(
        deployment.elasticache,
        deployment.elasticache_once,
        deployment.secrets,
        group=group,
        group_id=deployment.fact(f"{group}/group-id"),
        secret_arn=deployment.fact(f"{group}/secret-arn"),
    )
    try:
        with live_line() as show:
            rotation.finish(show) if finish else rotation.begin(show)
    except KeyboardInterrupt:
        print_lines(["stopped; the same command goes on from here"])
        raise typer.Exit(ExitCode.FAILED) from None
    if as_json:
        print_json({"schema": "uplift.rotate-token/1", "group": group.value, "accepted": "new" if finish else "old and new"})
        return
    if finish:
        print_lines([f"{group}: the new token alone is accepted; connections that are open stay open"])
        return
    print_lines(
        [
            f"{group}: both tokens are accepted, and the secret holds the new one",
            f"restart every client (docs/application.md), then: uplift rotate-token {environment} {group} --finish",
        ]
    )
