"""`uplift split run`: an engine of a split, as a process."""

from __future__ import annotations

import os
import secrets
from dataclasses import replace
from typing import Annotated, Optional

import typer

from uplift.cli.options.follow_run import KeyMapFile
from uplift.cli.options.redis_urls import ClockTolerance, Databases, From
from uplift.cli.options.split_run import (
    AllowClient,
    CronLate,
    OnEvent,
    OnGo,
    OnGoSeconds,
    QuietSeconds,
    SplitStatePath,
    SplitTo,
    WithoutStandby,
    sound_hooks,
    split_request,
)
from uplift.cli.signals import told_by_signal
from uplift.cli.split.driving import UNTIL_ARMED, UNTIL_FINISHED, driven
from uplift.cli.split.engine_folder import engine_place
from uplift.cli.split.view import shown_split
from uplift.cli.terminal.output import AsJsonLines, print_lines
from uplift.cli.terminal.progress_bar import say
from uplift.cli.terminal.split_text import engine_line
from uplift.errors import BadInput, ExitCode
from uplift.keyspace.follow.garbage import cycles_looked_for_seldom
from uplift.sidekiq.gate.times import SETTLED_AFTER
from uplift.sidekiq.handover.handover import Patience
from uplift.split.record.stage import Phase
from uplift.split.run.request import QUIET_SECONDS, SplitRequest
from uplift.split.run.split_run import SplitRun
from uplift.split.run.told_of_engine import EngineTold
from uplift.split.store.directory_store import DirectoryStore, SplitFolder


def run(
    source: From,
    target: SplitTo,
    keymap: KeyMapFile,
    state: SplitStatePath,
    standby: Annotated[bool, typer.Option("--standby", help="Join a run that another engine leads, and take over if that dies.")] = False,
    without_standby: WithoutStandby = False,
    on_go: OnGo = None,
    on_go_seconds: OnGoSeconds = 60.0,
    on_event: OnEvent = None,
    allow_client: AllowClient = None,
    quiet: QuietSeconds = QUIET_SECONDS,
    until: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--until", help="armed or finished: end with 0 once it is so [default: go on; after finish it watches legacy]."),
    ] = None,
    without_wait: Annotated[bool, typer.Option("--without-wait", help="Do not wait for replicas when jobs are moved.")] = False,
    scheduler_prefix: Annotated[str, typer.Option("--scheduler-prefix", help="sidekiq-scheduler's key_prefix, since 4.0.3.")] = "",
    cron_late: CronLate = SETTLED_AFTER,
    database: Databases = None,
    clock_tolerance: ClockTolerance = 1000,
    as_json: AsJsonLines = False,
) -> None:
    """Copy, follow both ways, and move jobs and cron once an operator says go. Exit 1 if a key is named, 0 otherwise, 2 bad input.

    The same command with the same --state goes on where it was.
    """
    if until not in {None, UNTIL_ARMED, UNTIL_FINISHED}:
        raise BadInput(f"--until {until}: allowed: {UNTIL_ARMED} or {UNTIL_FINISHED}")
    sound_hooks(on_go, on_event)
    request = replace(
        split_request(source, target, keymap, database),
        stands_by=standby,
        needs_standby=not without_standby,
        on_go=on_go,
        on_go_seconds=on_go_seconds,
        on_event=on_event,
        allowed_clients=tuple(allow_client or ()),
        quiet_seconds=quiet,
        clock_tolerance=clock_tolerance,
        scheduler_prefix=scheduler_prefix,
        waits_for_replicas=not without_wait,
        cron_late_seconds=cron_late,
        patience=Patience(dead_seconds=min(quiet, Patience().dead_seconds), stable_seconds=quiet),
    )
    folder = SplitFolder(state)
    folder.make()
    with cycles_looked_for_seldom():
        raise typer.Exit(_run(request, folder, until=until, as_json=as_json))


def _run(request: SplitRequest, folder: SplitFolder, *, until: str | None, as_json: bool) -> ExitCode:
    engine = f"{secrets.token_hex(3)}-{os.getpid()}"
    with engine_place(folder) as place:
        one = SplitRun(request, DirectoryStore(folder), place, engine=engine, watches_after=until != UNTIL_FINISHED)
        told = _driven(one, until=until, as_json=as_json)
    if not as_json:
        print_lines([engine_line(told)])
    if told.phase not in {Phase.FINISHED, Phase.ABANDONED}:
        say(
            f"what remains: our own keys (uplift:*) on the servers, and {folder.path}. The same command goes on from there; `uplift split "
            "abandon` ends a run before go, `back` and `finish` after it"
        )
    return ExitCode.FAILED if told.status is not None and told.status.named else ExitCode.DONE


def _driven(one: SplitRun, *, until: str | None, as_json: bool) -> EngineTold:
    try:
        with shown_split(as_json=as_json) as view, told_by_signal() as wish:
            driven(one, view, wish, until=until)
            return one.told
    finally:
        one.close()
