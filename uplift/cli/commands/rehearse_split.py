"""`uplift rehearse split`."""

from __future__ import annotations

import secrets
import sys
import time
from pathlib import Path
from typing import Annotated, Optional

import typer

from uplift.cli.signals import ended_by_signal
from uplift.cli.start import loading
from uplift.cli.terminal.output import AsJson, print_json, print_lines
from uplift.errors import BadInput, ExitCode

_CHECKOUT = Path(__file__).parents[3]


def split(
    local: Annotated[bool, typer.Option("--local", help="On this machine, without AWS; there is no other way yet.")] = False,
    keys: Annotated[int, typer.Option(help="How many keys to fill legacy with.", min=1, max=5_000_000)] = 20_000,
    rdb: Annotated[Optional[Path], typer.Option(help="Start from your own RDB file (version 7 or older) instead.")] = None,  # noqa: UP045
    rate: Annotated[
        Optional[float],  # noqa: UP045
        typer.Option(help="About so many writes a second by the web [default: as fast as they come].", min=1),
    ] = None,
    seconds: Annotated[float, typer.Option(help="How long it stays in each phase in which it can.", min=0, max=3600)] = 5.0,
    back: Annotated[bool, typer.Option("--back", help="Return when half of the processes were restarted.")] = False,
    fault: Annotated[Optional[list[str]], typer.Option(help="A fault to inject; may be given more than once.")] = None,  # noqa: UP045
    seed: Annotated[int, typer.Option(help="The seed of the generated keys.")] = 20200420,
    out: Annotated[Optional[Path], typer.Option(help="Where report and logs go [default: out/split-TIME].")] = None,  # noqa: UP045
    as_json: AsJson = False,
) -> None:
    """Split a real Redis 3.2.6 into two 5.0.6 while an application uses it. Exit 0 nothing lost or doubled, 1 otherwise."""
    if not local:
        raise BadInput("--local: it is not given, allowed: --local; the split on AWS is not built yet")
    if not (_CHECKOUT / "rehearsal").is_dir():
        raise BadInput(f"the rehearsal needs the checkout, {_CHECKOUT} is none: git clone the project, then `make rehearse`")
    sys.path.insert(0, str(_CHECKOUT))
    try:
        with loading():
            from rehearsal.run.installed_tools import InstalledTools
            from rehearsal.run.progress_display import ProgressDisplay
            from rehearsal.run.rdb_input import open_rdb
            from rehearsal.split.faults import chosen_faults
            from rehearsal.split.page import story_of
            from rehearsal.split.rehearse import SplitOptions, rehearse_split
            from uplift.report.moving_page import write_moving_page
    except ModuleNotFoundError as missing:
        raise BadInput(f"the rehearsal needs {missing.name}: `make setup` installs it") from None
    chosen = chosen_faults(fault or [])
    folder = out or Path("out") / time.strftime("split-%Y%m%d-%H%M%S")
    if folder.exists() and any(folder.iterdir()):
        raise BadInput(f"--out {folder}: not empty, allowed: a folder that is new or empty")
    opened = open_rdb(rdb) if rdb else None
    if opened is not None and not opened.source_reads_it:
        raise BadInput(f"--rdb {rdb}: RDB version {opened.version}, allowed: 7 or older, which Redis 3.2 loads")
    display = ProgressDisplay()
    options = SplitOptions(folder, keys, seed, opened, seconds, back, chosen, rate=rate)
    try:
        with ended_by_signal():
            report = rehearse_split(options, display, InstalledTools())
    except KeyboardInterrupt:
        display.say(f"stopped, with everything this command had started; logs are in {folder}. Run it again to start over.")
        raise typer.Exit(ExitCode.FAILED) from None
    secret = secrets.token_bytes(16)
    write_moving_page(story_of(report, secret), folder / "report.html")
    if as_json:
        print_json(report.as_json(secret))
    else:
        print_lines([*report.lines(secret), f"report: {folder / 'report.html'} and report.json beside it"])
    if not report.is_clean:
        raise typer.Exit(ExitCode.FAILED)
