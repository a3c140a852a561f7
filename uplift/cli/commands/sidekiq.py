"""`uplift sidekiq`: what is in a Redis that Sidekiq uses, and everything that takes its jobs to another one."""

from __future__ import annotations

import typer

from uplift.cli.commands.sidekiq_end import end
from uplift.cli.commands.sidekiq_gate import gate
from uplift.cli.commands.sidekiq_handover import change_setting, handover, pause, resume
from uplift.cli.commands.sidekiq_status import status

commands = typer.Typer(no_args_is_help=True, add_completion=False)


@commands.callback()
def group() -> None:
    """See what Sidekiq keeps in a Redis, and take its jobs to another one."""


commands.command()(status)
commands.command()(handover)
commands.command()(gate)
commands.command("set")(change_setting)
commands.command()(pause)
commands.command()(resume)
commands.command()(end)
