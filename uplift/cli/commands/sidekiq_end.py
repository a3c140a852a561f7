"""`uplift sidekiq end`: the own keys of a handover or a gate go from both servers, once none of them holds a job."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from uplift.cli.gate.state import GateDirectory
from uplift.cli.handover.state import HandoverDirectory
from uplift.cli.options.redis_urls import URL_HELP, From
from uplift.cli.options.sidekiq_sides import both_sides
from uplift.cli.terminal.output import print_lines
from uplift.keyspace.server.connection import connected
from uplift.sidekiq.handover.ending import end_run
from uplift.sidekiq.run.own_names import OwnNames


def end(
    source: From,
    target: Annotated[str, typer.Option("--to", help=f"As in `handover`. {URL_HELP}")],
    state: Annotated[Path, typer.Option("--state", help="The directory of the handover, or of the gate.")],
) -> None:
    """Remove what a handover or a gate kept on both servers. Refused while a job is in it, and while its gate is not over."""
    here, there = both_sides(source, target)
    gate = GateDirectory(state)
    directory = gate if gate.state_path.exists() else HandoverDirectory(state)
    begun = directory.existing_between(here, there)
    lock = directory.lock()
    try:
        with (
            connected(here.endpoint, database=here.database) as old,
            connected(there.endpoint, database=there.database) as new,
            directory.ending(begun),
        ):
            removed = end_run(old, new, OwnNames(begun.run.encode()))
    finally:
        lock.release()
    print_lines([f"run {begun.run} is over: {removed} of its keys were removed; {state} may be deleted"])
