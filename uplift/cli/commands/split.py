"""`uplift split`: one Redis becomes two while the application runs, and what operators say to it."""

from __future__ import annotations

import typer

from uplift.cli.commands.split_ask import abandon, back, finish, go, pause, resume, set_
from uplift.cli.commands.split_run import run
from uplift.cli.commands.split_status import report, status

commands = typer.Typer(no_args_is_help=True, add_completion=False)


@commands.callback()
def group() -> None:
    """Make two Redis of one while the application runs, with a way back until the end."""


commands.command()(run)
commands.command()(status)
commands.command()(report)
commands.command()(go)
commands.command()(back)
commands.command()(abandon)
commands.command()(finish)
commands.command("set")(set_)
commands.command()(pause)
commands.command()(resume)
