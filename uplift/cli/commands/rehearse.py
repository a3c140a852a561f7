"""`uplift rehearse in-place|split`."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated, Optional

import typer

from uplift.cli.commands.rehearse_split import split
from uplift.cli.signals import ended_by_signal
from uplift.cli.start import loading
from uplift.cli.terminal.output import AsJson, print_json
from uplift.errors import BadInput, ExitCode

commands = typer.Typer(no_args_is_help=True, add_completion=False)


# A callback: without one, a group of one command would be that command.
@commands.callback()
def group() -> None:
    """Try it on this machine, on real Redis servers."""


@commands.command("in-place")
def in_place(
    keys: Annotated[int, typer.Option(help="How many keys to fill legacy with.", min=1, max=5_000_000)] = 50_000,
    rdb: Annotated[Optional[Path], typer.Option(help="Start from your own RDB file (version 9 or older) instead.")] = None,  # noqa: UP045
    standalone: Annotated[bool, typer.Option("--standalone", help="Legacy is one node without a replication group.")] = False,
    fault: Annotated[Optional[list[str]], typer.Option(help="A fault to inject; may be given more than once.")] = None,  # noqa: UP045
    outage_seconds: Annotated[float, typer.Option(help="How long the primary's endpoint is away; AWS documents 30 to 60.", min=0)] = 30.0,
    seed: Annotated[int, typer.Option(help="The seed of the generated keys.")] = 20200420,
    out: Annotated[Optional[Path], typer.Option(help="Where report and logs go [default: out/rehearsal-TIME].")] = None,  # noqa: UP045
    keep: Annotated[bool, typer.Option("--keep", help="Leave the local cloud running and say how to reach and stop it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Upgrade a real Redis 3.2.6 to 5.0.6 with the deployed stacks and functions, while an application uses it."""
    # The rehearsal is run from the checkout and needs packages that a pipeline does not install, so only this command imports it.
    checkout = Path(__file__).parents[3]
    if not (checkout / "rehearsal").is_dir():
        raise BadInput(f"the rehearsal needs the checkout, {checkout} is none: git clone the project, then `make rehearse`")
    sys.path.insert(0, str(checkout))
    try:
        with loading():
            from rehearsal.cloud.faults import KNOWN_FAULTS
            from rehearsal.cloud.timing import Timing
            from rehearsal.run.in_place import InPlaceOptions, rehearse
            from rehearsal.run.installed_tools import InstalledTools
            from rehearsal.run.progress_display import ProgressDisplay
            from rehearsal.run.rdb_input import open_rdb
            from rehearsal.run.rehearsal_story import rehearsal_story
            from rehearsal.run.summary import show
            from uplift.report.run_page import write_page
    except ModuleNotFoundError as missing:
        raise BadInput(f"the rehearsal needs {missing.name}: `make setup` installs it") from None
    unknown = sorted(set(fault or []) - KNOWN_FAULTS.keys())
    if unknown:
        raise BadInput(f"--fault {unknown[0]!r}: allowed: {', '.join(KNOWN_FAULTS)}")
    folder = out or Path("out") / time.strftime("rehearsal-%Y%m%d-%H%M%S")
    if folder.exists() and any(folder.iterdir()):
        raise BadInput(f"--out {folder}: not empty, allowed: a folder that is new or empty")
    display = ProgressDisplay()
    options = InPlaceOptions(
        out=folder,
        keys=keys,
        seed=seed,
        rdb=open_rdb(rdb) if rdb else None,
        standalone=standalone,
        faults=tuple(fault or ()),
        keep=keep,
        timing=Timing(outage_seconds=outage_seconds),
    )
    try:
        with ended_by_signal():
            report = rehearse(options, display, InstalledTools())
    except KeyboardInterrupt:
        display.say(f"stopped, with everything this command had started; logs are in {folder}. Run it again to start over.")
        raise typer.Exit(ExitCode.FAILED) from None
    write_page(rehearsal_story(report), folder / "report.html")
    if as_json:
        print_json(report.as_json())
    else:
        show(report, display, folder)
    if report.outcome != "nothing-lost":
        raise typer.Exit(ExitCode.FAILED)


commands.command()(split)
