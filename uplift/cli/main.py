"""The command `uplift`: its sub-commands, and how every error ends.

A command's module, and with it whatever it needs, is imported only when that command is run: `uplift --help` stays quick, and the
commands for any Redis work where nothing of AWS is installed.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from uplift import __version__
from uplift.cli.start import listening
from uplift.errors import BadInput, UpliftError

_SEE, _MOVE, _DEPLOY, _UPGRADE, _TRY = "See your Redis", "Move it", "Deploy", "Upgrade in place", "Try it on this machine"


@dataclass(frozen=True, slots=True)
class ListedCommand:
    """One line of `uplift --help`. `attribute` of `uplift.cli.commands.MODULE` is a function, or the Typer application of a group."""

    name: str
    panel: str
    help: str
    module: str = ""
    attribute: str = ""

    def load(self) -> typer.Typer:
        """The command itself. Raises BadInput naming a package that is not installed."""
        place = self.module or self.name.replace("-", "_")
        try:
            module = import_module(f"uplift.cli.commands.{place}")
        except ModuleNotFoundError as missing:
            package = (missing.name or "").partition(".")[0]
            if package in {"", "uplift"}:
                raise
            raise BadInput(f"uplift {self.name} needs the package {package}, which is not installed: pip install 'uplift[aws]'") from None
        found = getattr(module, self.attribute or place)
        if isinstance(found, typer.Typer):
            return found
        alone = typer.Typer(add_completion=False)
        alone.command(self.name)(found)
        return alone


# In the order of use.
COMMANDS = (
    ListedCommand("inventory", _SEE, "Keys, bytes, types and TTLs by pattern, of a server or an RDB file."),
    ListedCommand("keymap", _SEE, "Check which key goes where.", attribute="commands"),
    ListedCommand("copy", _MOVE, "Copy a live Redis to one or more others."),
    ListedCommand("verify", _MOVE, "Compare, and repair, what was copied."),
    ListedCommand("follow", _MOVE, "Keep servers equal while applications write them.", attribute="commands"),
    ListedCommand("sidekiq", _MOVE, "See Sidekiq's jobs, and take them to another Redis.", attribute="commands"),
    ListedCommand("split", _MOVE, "Make two Redis of one, with a way back.", attribute="commands"),
    ListedCommand("endpoints", _MOVE, "Where each Redis of the application is during a split."),
    ListedCommand("clean", _MOVE, "Remove the temporary keys of a copy that died."),
    ListedCommand("settings", _DEPLOY, "Check config/ENV.yaml.", attribute="commands"),
    ListedCommand("bootstrap", _DEPLOY, "Once, by an administrator: what a pipeline may do."),
    ListedCommand("review", _DEPLOY, "What a pull request does to the Redis that runs."),
    ListedCommand("drift", _DEPLOY, "Where deployed groups are not what was written."),
    ListedCommand("deploy", _DEPLOY, "Deploy a reviewed assembly, guarded."),
    ListedCommand("plan", _UPGRADE, "What the upgrade would do. Changes nothing."),
    ListedCommand("upgrade", _UPGRADE, "Start the upgrade now, and watch it."),
    ListedCommand("status", _UPGRADE, "Where the newest run stands.", module="upgrade", attribute="status"),
    ListedCommand("stop", _UPGRADE, "Stop a run.", module="upgrade", attribute="stop"),
    ListedCommand("report", _UPGRADE, "What a run found."),
    ListedCommand("recover", _UPGRADE, "A run's snapshot into a new group, compared."),
    ListedCommand("snapshots", _UPGRADE, "The snapshots there are, and which may be deleted."),
    ListedCommand("rotate-token", _UPGRADE, "A new AUTH token without disconnecting a client."),
    ListedCommand("rehearse", _TRY, "The whole upgrade, on real Redis servers.", attribute="commands"),
)

application = typer.Typer(
    name="uplift",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


class _PassingOn(TyperCommand):
    """A command that reads none of its arguments: `--help` and `--` belong to the command behind it."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Leave everything as it was typed."""
        ctx.args = list(args)
        return args


def _add(listed: ListedCommand) -> None:
    """Put a command on the list; when it is run, everything behind its name is handed to the command itself."""

    def run_it(context: typer.Context) -> None:
        command = typer.main.get_command(listed.load())
        with command.make_context(listed.name, [*context.args], parent=context.parent) as own, listening():
            command.invoke(own)

    application.command(listed.name, cls=_PassingOn, help=listed.help, rich_help_panel=listed.panel)(run_it)


for _listed in COMMANDS:
    _add(_listed)


def _print_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"uplift {__version__}\n")
        raise typer.Exit


@application.callback()
def options(
    *, version: Annotated[bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)] = False
) -> None:
    """Takes an ElastiCache Redis 3.2 to version 5, and sees, copies and compares any Redis."""


def run() -> None:
    """Run the command line. Errors of our own are one line; exit 0 done, 1 failed or lost, 2 bad input."""
    try:
        application()
    except UpliftError as problem:
        sys.stderr.write(f"{problem}\n")
        sys.exit(problem.exit_code)
