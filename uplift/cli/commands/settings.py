"""`uplift settings check ENV`."""

from __future__ import annotations

import typer

from uplift.cli.options.environment import Config, Environment
from uplift.cli.terminal.output import AsJson, print_json, print_lines
from uplift.settings.load import CONFIG_DIRECTORY, load_settings
from uplift.settings.warnings import settings_warnings

commands = typer.Typer(no_args_is_help=True, add_completion=False)


# A callback: without one, a group of one command would be that command.
@commands.callback()
def group() -> None:
    """Check config/ENV.yaml."""


@commands.command()
def check(environment: Environment, config: Config = CONFIG_DIRECTORY, *, as_json: AsJson = False) -> None:
    """Check one environment offline: exit 0 with warnings, or 2 with one line that says what is allowed."""
    settings = load_settings(environment, config)
    warnings = settings_warnings(settings)
    if as_json:
        print_json({"schema": "uplift.settings.check/1", "environment": environment, "valid": True, "warnings": warnings})
        return
    print_lines([f"{config / environment}.yaml is valid", *(f"warning: {warning}" for warning in warnings)])
