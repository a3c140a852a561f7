"""`uplift sidekiq gate`: which of two sides fires cron jobs, turned at an instant while schedulers run on both."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Optional

import typer

from uplift.cli.gate.opening import moment_of, opened_gate
from uplift.cli.gate.state import GateDirectory
from uplift.cli.gate.turning import Turning
from uplift.cli.options.redis_urls import URL_HELP, From
from uplift.cli.options.sidekiq_sides import both_sides
from uplift.cli.signals import ended_by_signal
from uplift.cli.terminal.gate_text import how_it_goes_on, notice_lines, step_document, step_lines
from uplift.cli.terminal.output import AsJsonLines, print_lines
from uplift.cli.terminal.progress_bar import say
from uplift.errors import BadInput, ExitCode
from uplift.sidekiq.gate.gate import Gate, GateStep, GateWish
from uplift.sidekiq.gate.record import Direction
from uplift.sidekiq.handover.beginning import prepare

GateTo = Annotated[str, typer.Option("--to", help=f"The Redis whose side is to fire. {URL_HELP}")]
GateStatePath = Annotated[Path, typer.Option("--state", help="The directory of the run: which one it is.")]


def gate(
    source: From,
    target: GateTo,
    state: GateStatePath,
    at: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            "--at", help="From when on the new side fires, ISO 8601 with a zone, or now: at the next second :30 that is possible."
        ),
    ] = None,
    back: Annotated[bool, typer.Option("--back", help="Turn back: the old side fires again.")] = False,
    abandon: Annotated[bool, typer.Option("--abandon", help="Not yet turned: end it, and give back what was there before.")] = False,
    scheduler_prefix: Annotated[str, typer.Option("--scheduler-prefix", help="sidekiq-scheduler's key_prefix, since 4.0.3.")] = "",
    run: Annotated[Optional[str], typer.Option("--run", help="The name of a run whose state directory is lost.")] = None,  # noqa: UP045
    as_json: AsJsonLines = False,
) -> None:
    """Turn cron from one side to the other: each instance is fired once. Exit 0 turned, 1 something may be missing or twice, 2 bad input.

    Begin before the new side's first scheduler starts. The same command with the same --state goes on where it was.
    """
    if back and abandon:
        raise BadInput("--back --abandon: allowed: one of the two")
    sides = both_sides(source, target)
    moment = moment_of(at or "now", "--at")
    here, there = sides
    directory = GateDirectory(state)
    directory.make()
    lock = directory.lock()
    try:
        if at is None and not back and not abandon and directory.read() is None:
            raise BadInput("--at: it is not said when to turn, allowed: a time such as 2026-12-01T03:30:00Z, or now")
        prepare(here.endpoint, there.endpoint, here.database, waits=False)
        begun = directory.begun(here, there, run)
        wish = GateWish(moment, Direction.BACK if back else Direction.FORWARD, abandon)
        one = opened_gate(sides, begun.run, wish, scheduler_prefix)
        raise typer.Exit(_driven(one, directory, as_json=as_json))
    finally:
        lock.release()


def _driven(one: Gate, directory: GateDirectory, *, as_json: bool) -> ExitCode:
    turning = Turning(one)
    try:
        with ended_by_signal():
            while not turning.is_over:
                if (news := turning.step()) is not None:
                    _tell(*news, as_json=as_json)
                time.sleep(turning.seconds_to_wait)
    except KeyboardInterrupt:
        last = turning.last
        where = "nothing was begun" if last is None or last.record is None else how_it_goes_on(last.record)
        say(f"stopped: {where}; the same command with --state {directory.path} goes on")
        return ExitCode.FAILED
    finally:
        one.forget()
    return ExitCode.FAILED if turning.is_doubtful or turning.is_fenced else ExitCode.DONE


def _tell(step: GateStep, has_notices: bool, *, as_json: bool) -> None:
    if as_json:
        print_lines([step_document(step, time.time())])
    else:
        print_lines([*step_lines(step), *(notice_lines(step) if has_notices else [])])
