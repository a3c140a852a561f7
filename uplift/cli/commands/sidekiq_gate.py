"""`uplift sidekiq gate`: which of two sides fires cron jobs, turned at an instant while schedulers run on both."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import Annotated, Optional

import typer

from uplift.cli.gate.state import GateDirectory, GateRun
from uplift.cli.options.handover_wishes import both_sides
from uplift.cli.options.redis_urls import URL_HELP, From
from uplift.cli.signals import ended_by_signal
from uplift.cli.terminal.gate_text import how_it_goes_on, notice_lines, step_document, step_lines
from uplift.cli.terminal.output import AsJson, print_lines
from uplift.cli.terminal.progress_bar import say
from uplift.errors import BadInput, ExitCode, NotSafe
from uplift.keyspace.server.connection import connected
from uplift.keyspace.server.endpoint import Endpoint
from uplift.keyspace.server.replies import as_time
from uplift.sidekiq.beginning import prepare
from uplift.sidekiq.gate.gate import Gate, GateOutcome, GateStep, GateWish
from uplift.sidekiq.gate.record import Direction
from uplift.sidekiq.gate.servers import GateServers
from uplift.sidekiq.schedulers.reading import WhereToLook, cron_namespaces

GateTo = Annotated[str, typer.Option("--to", help=f"The Redis whose side is to fire. {URL_HELP}")]
GateStateOption = Annotated[Path, typer.Option("--state", help="The directory of the run: which one it is.")]
_MOST_CLOCK_SECONDS = 3.0
_LOOK_SECONDS = 1.0


def gate(
    source: From,
    target: GateTo,
    state: GateStateOption,
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
    as_json: AsJson = False,
) -> None:
    """Turn cron from one side to the other: each instance is fired once. Exit 0 turned, 1 something may be missing or twice, 2 bad input.

    Begin before the new side's first scheduler starts. The same command with the same --state goes on where it was.
    """
    if back and abandon:
        raise BadInput("--back --abandon: allowed: one of the two")
    sides = both_sides(source, target)
    moment = time.time() if at is None or at == "now" else moment_of(at)
    (here, there), database = (side.endpoint for side in sides), sides[0].database
    directory = GateDirectory(state)
    directory.make()
    lock = directory.lock()
    try:
        if at is None and not back and not abandon and directory.read() is None:
            raise BadInput("--at: it is not said when to turn, allowed: a time such as 2026-12-01T03:30:00Z, or now")
        prepare(here, there, database, waits=False)
        where = WhereToLook(scheduler_prefix.rstrip(":").encode(), _namespaces(here, there, database))
        begun = directory.begun(GateRun(source=str(here), target=str(there), **({"run": run} if run else {})))
        wish = GateWish(moment, Direction.BACK if back else Direction.FORWARD, abandon)
        one = Gate(GateServers(here, there, database, where), begun.run.encode(), wish)
        raise typer.Exit(_driven(one, directory, as_json=as_json))
    finally:
        lock.release()


def moment_of(text: str) -> float:
    """--at in seconds since 1970. Raises BadInput."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise BadInput(f"--at {text}: allowed: ISO 8601 with a zone, such as 2026-12-01T03:30:00Z or 2026-11-30T22:30:00-05:00, or now")
    return moment.timestamp()


def _namespaces(here: Endpoint, there: Endpoint, database: int) -> tuple[bytes, ...]:
    """Those of sidekiq-cron 2 on either server. Raises NotSafe where a server's clock is not this machine's."""
    found: set[bytes] = set()
    for endpoint in (here, there):
        with connected(endpoint, database=database) as connection:
            behind = abs(time.time() - as_time(connection.ask("TIME")) / 1e6)
            if behind > _MOST_CLOCK_SECONDS:
                raise NotSafe(
                    f"the clocks of this machine and of {endpoint} differ by {behind:.1f} s, expected: at most 3 s; an instant is one"
                )
            found.update(cron_namespaces(connection))
    return tuple(sorted(found))


def _driven(one: Gate, directory: GateDirectory, *, as_json: bool) -> ExitCode:
    last: GateStep | None = None
    told: tuple[object, ...] | None = None
    is_doubtful = False
    try:
        with ended_by_signal():
            while last is None or last.outcome not in {GateOutcome.ENDED, GateOutcome.FENCED}:
                last = one.step(time.time())
                is_doubtful = is_doubtful or bool(last.doubtful)
                shown = (last.record and (last.record.phase, last.record.instant), last.reason, last.by_hand, last.only_giving)
                if shown != told or last.doubtful:
                    _tell(last, is_new=told is None or shown[2:] != told[2:], as_json=as_json)
                    told = shown
                if last.outcome in {GateOutcome.WAITING, GateOutcome.AGAIN}:
                    time.sleep(_LOOK_SECONDS)
    except KeyboardInterrupt:
        where = "nothing was begun" if last is None or last.record is None else how_it_goes_on(last.record)
        say(f"stopped: {where}; the same command with --state {directory.path} goes on")
        return ExitCode.FAILED
    finally:
        one.forget()
    return ExitCode.FAILED if is_doubtful or last.outcome is GateOutcome.FENCED else ExitCode.DONE


def _tell(step: GateStep, *, is_new: bool, as_json: bool) -> None:
    if as_json:
        print_lines([step_document(step, time.time())])
    else:
        print_lines([*step_lines(step), *(notice_lines(step) if is_new else [])])
