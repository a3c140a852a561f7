"""`uplift sidekiq`: what Sidekiq keeps in a Redis, and moving it to another one while it works."""

from __future__ import annotations

import typer

from uplift.cli.commands.sidekiq_gate import gate
from uplift.cli.commands.sidekiq_handover import handover, pause, resume, set_

commands = typer.Typer(no_args_is_help=True, add_completion=False)


@commands.callback()
def group() -> None:
    """Look at Sidekiq's data, and move it."""


commands.command()(handover)
commands.command()(gate)
commands.command("set")(set_)
commands.command()(pause)
commands.command()(resume)
