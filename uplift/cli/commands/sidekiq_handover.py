"""`uplift sidekiq handover`: every job of one Redis to another while both work, and what a running one is told."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Annotated, Optional

import typer

from uplift.cli.gate.opening import moment_of, opened_gate
from uplift.cli.gate.turning import Turning
from uplift.cli.handover.chunk_size import limits_under
from uplift.cli.handover.driving import Driving
from uplift.cli.handover.dry_run import dry_run_lines, read_dry_run
from uplift.cli.handover.state import HandoverDirectory
from uplift.cli.handover.status import HandoverStatus, StatusTaker
from uplift.cli.options.follow_state import ForMinutes, seconds_of
from uplift.cli.options.handover_wishes import jobs_a_second, of_sidekiq_in, parts_named
from uplift.cli.options.keymap_file import OptionalKeyMap
from uplift.cli.options.redis_urls import URL_HELP, From
from uplift.cli.options.sidekiq_sides import both_sides
from uplift.cli.signals import ended_by_signal
from uplift.cli.terminal.handover_text import ended_line, forgotten_lines, left_lines, place_lines
from uplift.cli.terminal.handover_view import shown_handover
from uplift.cli.terminal.output import AsJsonLines, print_lines
from uplift.cli.terminal.progress_bar import say
from uplift.errors import BadInput, ExitCode, SourceUnreachable, TargetRefused
from uplift.keyspace.server.replies import ErrorReply
from uplift.sidekiq.gate.gate import GateWish
from uplift.sidekiq.handover.beginning import prepare
from uplift.sidekiq.handover.forgotten import read_forgotten
from uplift.sidekiq.handover.handover import Ended, Handover
from uplift.sidekiq.handover.wishes import Wishes
from uplift.sidekiq.mover.resuming import Stop

SidekiqTo = Annotated[str, typer.Option("--to", help=f"The Redis that the jobs go to. {URL_HELP}")]
HandoverStatePath = Annotated[
    Path, typer.Option("--state", help="The directory of the run: which one it is, how it stands and what is set.")
]
Queues = Annotated[Optional[list[str]], typer.Option("--queue", help="A queue; may be given more than once [default: all].")]  # noqa: UP045
OnlyParts = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        "--only", help="Parts with commas: queues, private, retry, schedule, dead, statistics, locks, batches, paused [default: all]."
    ),
]
Throttle = Annotated[Optional[float], typer.Option("--throttle", help="At most so many jobs a second [default: no limit].")]  # noqa: UP045


def handover(
    source: From,
    target: SidekiqTo,
    state: HandoverStatePath,
    until_empty: Annotated[
        bool, typer.Option("--until-empty", help="Go round until the old side is empty, has no process, and stays so; else once.")
    ] = False,
    queue: Queues = None,
    any_queue: Annotated[
        bool, typer.Option("--any-queue", help="Also queues that no live process of the new side works on: workers come later.")
    ] = False,
    only: OnlyParts = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be moved, what stays, and what is not promised.")] = False,
    throttle: Throttle = None,
    without_wait: Annotated[bool, typer.Option("--without-wait", help="Do not wait for replicas after each take and apply.")] = False,
    keymap: OptionalKeyMap = None,
    cron_at: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--cron-at", help="With --until-empty: from when on the new side fires cron, as `uplift sidekiq gate --at`."),
    ] = None,
    scheduler_prefix: Annotated[str, typer.Option("--scheduler-prefix", help="sidekiq-scheduler's key_prefix, since 4.0.3.")] = "",
    run: Annotated[Optional[str], typer.Option("--run", help="The name of a run whose state directory is lost.")] = None,  # noqa: UP045
    as_json: AsJsonLines = False,
) -> None:
    """Move every job while producers and workers are on both sides. Exit 0 all moved, 1 something was left, 2 bad input.

    The same command with the same --state goes on where it was, whatever ended it.
    """
    here, there = both_sides(source, target)
    if cron_at is not None and not until_empty:
        raise BadInput("--cron-at without --until-empty: a turn takes longer than one round, allowed: both")
    wish = GateWish(moment_of(cron_at, "--cron-at")) if cron_at is not None else None
    most_a_second = jobs_a_second(f"{throttle:g}", "--throttle") if throttle is not None else None
    wishes = Wishes(
        parts_named(only), None if not queue else frozenset(map(os.fsencode, queue)), any_queue, until_empty, most_a_second or 0.0
    )
    is_of_sidekiq = of_sidekiq_in(keymap)
    if dry_run:
        found = read_dry_run(here.endpoint, there.endpoint, here.database, wishes, is_of_sidekiq)
        print_lines(dry_run_lines(found))
        return
    directory = HandoverDirectory(state)
    directory.make()
    lock = directory.lock()
    try:
        begun = directory.begun(here, there, run)
        settings = directory.change(**({} if most_a_second is None else {"throttle": most_a_second}))
        prepared = prepare(here.endpoint, there.endpoint, here.database, waits=not without_wait)
        limits = limits_under(settings.throttle)
        one = Handover(prepared.servers, begun.run.encode(), wishes, is_of_sidekiq=is_of_sidekiq, limits=limits)
        turning = Turning(opened_gate((here, there), begun.run, wish, scheduler_prefix)) if wish is not None else None
        raise typer.Exit(_driven(one, directory, begun.run, turning, as_json=as_json))
    finally:
        lock.release()


def _driven(one: Handover, directory: HandoverDirectory, run: str, turning: Turning | None, *, as_json: bool) -> ExitCode:
    taker = StatusTaker(one, run)
    try:
        with shown_handover(as_json=as_json) as view, ended_by_signal():
            driving = Driving(one, directory, view, taker, turning)
            try:
                last = driving.to_its_end()
            except KeyboardInterrupt:
                is_settled = driving.settle()
                last = taker.take()
                driving.tell(last)
                where = "nothing is in an outbox" if is_settled else f"what was taken last is in outboxes (uplift:handover:{run}:out:*)"
                say(f"stopped: {where}; the same command with --state {directory.path} goes on")
            forgotten = _forgotten(one, driving.stop)
    finally:
        one.close()
        if turning is not None:
            turning.gate.forget()
    if not as_json:
        print_lines([*place_lines(last), *left_lines(last.left), *forgotten, ended_line(last)])
    return ExitCode.FAILED if turning is not None and (turning.is_doubtful or turning.is_fenced) else exit_code_of(last)


def _forgotten(one: Handover, stop: Stop | None) -> list[str]:
    """What the servers still know of it; nothing where one of them cannot be asked now."""
    if stop is None:
        return []
    try:
        return forgotten_lines(stop, read_forgotten(one.looks.source, one.looks.target, one.mover.names, stop))
    except (SourceUnreachable, TargetRefused, ErrorReply) as problem:
        return [f"which jobs cannot be read now: {problem}"]


def exit_code_of(last: HandoverStatus) -> ExitCode:
    """0 where everything is on the other side."""
    is_over = last.ended in {Ended.EMPTY, Ended.ROUND}
    return ExitCode.DONE if is_over and not last.left and not last.came_since else ExitCode.FAILED


def change_setting(
    setting: Annotated[str, typer.Argument(help="throttle=JOBS A SECOND, 0 for no limit.", metavar="NAME=VALUE")],
    state: HandoverStatePath,
) -> None:
    """Change a setting of a handover that runs."""
    name, _, value = setting.partition("=")
    if name != "throttle":
        raise BadInput(f"{setting}: allowed: throttle=JOBS, at most so many a second, 0 for no limit")
    throttle = jobs_a_second(value, "throttle")
    _change(state, f"at most {throttle:g} jobs a second" if throttle else "no limit", throttle=throttle)


def pause(state: HandoverStatePath, minutes: ForMinutes = None) -> None:
    """Move nothing; what was taken is on the other side first."""
    seconds = seconds_of(minutes)
    _change(state, "paused", is_paused=True, paused_until=None if seconds is None else time.time() + seconds)


def resume(state: HandoverStatePath) -> None:
    """End a pause."""
    _change(state, "goes on", is_paused=False, paused_until=None)


def _change(path: Path, text: str, **changes: float | bool | None) -> None:
    directory = HandoverDirectory(path)
    directory.existing()
    directory.change(**changes)
    taken = "within a second" if directory.is_in_use() else "once it is started again: no process has this directory now"
    print_lines([f"{text}: {taken}"])
