"""`uplift follow`: two or more servers kept equal while applications write them, and what a running engine is asked."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated, Optional

import typer

from uplift.cli.options.follow_run import Authority, FollowTo, KeyMapFile, SourceLatency, StandsBy, TwoWay, Until
from uplift.cli.options.follow_state import ForMinutes, StateFolderOption, authority_named, latency_within_range, seconds_of
from uplift.cli.options.redis_urls import URL_HELP, ClockTolerance, Databases, From, scope_of, source_endpoint, target_urls
from uplift.cli.signals import ended_by_signal
from uplift.cli.terminal.follow_text import named_lines, status_line, status_lines
from uplift.cli.terminal.follow_view import FollowView, shown_follow
from uplift.cli.terminal.output import AsJson, AsJsonLines, print_json, print_lines
from uplift.cli.terminal.progress_bar import say
from uplift.errors import BadInput, ExitCode
from uplift.keyspace.follow.ending import end_follow
from uplift.keyspace.follow.garbage import cycles_looked_for_seldom
from uplift.keyspace.follow.live_settings import SettingName, parsed_setting
from uplift.keyspace.follow.phase import Phase
from uplift.keyspace.follow.requests import Request, Wish, ask, refuse_no_engine, request_for
from uplift.keyspace.follow.run import FollowRun
from uplift.keyspace.follow.run_step import Outcome, RunStep
from uplift.keyspace.follow.starting import FollowRequest
from uplift.keyspace.follow.state_folder import StateFolder
from uplift.keyspace.follow.status import Status, read_status, status_as_json
from uplift.keyspace.server.source_and_targets import Scope

ANSWER_SCHEMA = "uplift.follow.answer/1"
UNTIL_IN_SYNC = "in-sync"
_SHOW_SECONDS = 1.0
commands = typer.Typer(no_args_is_help=True, add_completion=False)


@commands.callback()
def group() -> None:
    """Keep servers equal while applications write them."""


@commands.command()
def run(
    source: From,
    target: FollowTo,
    keymap: KeyMapFile,
    state: StateFolderOption,
    two_way: TwoWay = False,
    authority: Authority = None,
    standby: StandsBy = False,
    until: Until = None,
    source_latency: SourceLatency = None,
    database: Databases = None,
    clock_tolerance: ClockTolerance = 1000,
    as_json: AsJsonLines = False,
) -> None:
    """Copy, and from then on bring every change to the other side. Exit 1 if a key is named, 0 otherwise, 2 bad input.

    The same command with the same --state goes on where it was.
    """
    if until not in {None, UNTIL_IN_SYNC}:
        raise BadInput(f"--until {until}: allowed: {UNTIL_IN_SYNC}")
    if until is not None and standby:
        raise BadInput("--until in-sync --standby: an engine that stands by is in sync with nothing, allowed: one of the two")
    scope = scope_of(source, target, keymap, database, None, None, clock_tolerance)
    request = FollowRequest(
        scope.source,
        scope.targets,
        scope.keymap,
        scope.databases,
        clock_tolerance=scope.clock_tolerance,
        is_two_way=two_way,
        authority=None if authority is None else authority_named(authority),
        stands_by=standby,
        source_latency=latency_within_range(source_latency),
    )
    with ended_by_signal(), cycles_looked_for_seldom():
        raise typer.Exit(_follow(request, state, ends_in_sync=until is not None, as_json=as_json))


def _follow(request: FollowRequest, path: Path, *, ends_in_sync: bool, as_json: bool) -> ExitCode:
    """Drive a run to its end; how the command ends."""
    follow = FollowRun(request, path)
    is_stopped = False
    try:
        with shown_follow(as_json=as_json) as view:
            try:
                last = _driven(follow, view, is_two_way=request.is_two_way, ends_in_sync=ends_in_sync)
            except KeyboardInterrupt:
                last, is_stopped = None, True
            status = follow.status()
            view.status(status)
    finally:
        follow.close()
    if is_stopped:
        say(f"stopped ({status.phase.value}); {what_remains(request, path, status)}")
    elif last is not None and last.outcome is None:
        say(what_remains(request, path, status))
    if not as_json:
        print_lines([status_line(status), *named_lines(status)])
    is_failed = (last is not None and last.outcome is Outcome.FENCED) or (is_stopped and status.phase in {Phase.SUBSCRIBING, Phase.COPYING})
    return ExitCode.FAILED if follow.named_keys or is_failed else ExitCode.DONE


def _driven(follow: FollowRun, view: FollowView, *, is_two_way: bool, ends_in_sync: bool) -> RunStep:
    """The last step: the run ended by itself, or is as it was to be."""
    show_at = 0.0
    while True:
        step = follow.step()
        for event in step.events:
            view.event(event)
        if time.monotonic() >= show_at:
            show_at = time.monotonic() + _SHOW_SECONDS
            view.status(follow.status())
        is_there = ends_in_sync and step.is_in_sync and (not is_two_way or follow.record.state.is_two_way)
        if step.outcome is not None or is_there:
            return step


def what_remains(request: Scope, path: Path, status: Status) -> str:
    """What a run that ended without `stop` leaves behind, and how to go on."""
    servers = ", ".join([f"source ({request.source})", *(f"{target.name} ({target.endpoint})" for target in request.targets)])
    others = " An engine that stands by takes over within seconds." if status.standby.present else ""
    return (
        f"what remains: the lease and the canary (uplift:follow:*) on {servers}, and {path}.{others} The same command goes on from there: "
        "nothing is copied twice, and what changes until then is found by a pass. "
        f"`uplift follow stop --state {path}` with the same --from and --to ends it for good"
    )


@commands.command()
def status(state: StateFolderOption, as_json: AsJson = False) -> None:
    """Say how a run stands, by what its engine told last."""
    folder = StateFolder(state)
    folder.existing_state()
    found = read_status(folder.status_path)
    if found is None:
        raise BadInput(f"--state {state}: its engine has not told anything yet, allowed: the directory of a run that has begun")
    age, has_engine = max(0.0, time.time() - found.at), folder.is_in_use()
    if as_json:
        print_json({**json.loads(status_as_json(found)), "age_seconds": round(age, 3), "has_engine": has_engine})
    else:
        print_lines(status_lines(found, age, has_engine=has_engine))


@commands.command()
def authority(
    side: Annotated[str, typer.Argument(help="source or target.", metavar="source|target")],
    state: StateFolderOption,
    as_json: AsJson = False,
) -> None:
    """Say which side is right where nothing else decides."""
    authority_named(side, "authority")
    _ask(state, Wish.AUTHORITY, as_json=as_json, value=side)


@commands.command("hand-over")
def hand_over(state: StateFolderOption, as_json: AsJson = False) -> None:
    """Let an engine that stands by take over; this one ends."""
    _ask(state, Wish.HAND_OVER, as_json=as_json)


@commands.command("set")
def set_(
    setting: Annotated[str, typer.Argument(help="source-latency=MS, target-latency=MS or pass-share=PART.", metavar="NAME=VALUE")],
    state: StateFolderOption,
    minutes: ForMinutes = None,
    as_json: AsJson = False,
) -> None:
    """Change a setting of a running engine."""
    name, value = parsed_setting(setting)
    _ask(state, Wish.SET, as_json=as_json, name=name, value=f"{value:g}", seconds=seconds_of(minutes))


@commands.command()
def pause(state: StateFolderOption, minutes: ForMinutes = None, as_json: AsJson = False) -> None:
    """Compare and write nothing, but keep listening and keep the lease."""
    _ask(state, Wish.SET, as_json=as_json, name=SettingName.PAUSED, value="1", seconds=seconds_of(minutes))


@commands.command()
def resume(state: StateFolderOption, as_json: AsJson = False) -> None:
    """End a pause."""
    _ask(state, Wish.SET, as_json=as_json, name=SettingName.PAUSED, value="0")


@commands.command()
def stop(
    state: StateFolderOption,
    source: Annotated[Optional[str], typer.Option("--from", help=f"Where no engine runs any more: as in `run`. {URL_HELP}")] = None,  # noqa: UP045
    target: Annotated[Optional[list[str]], typer.Option("--to", help="Where no engine runs any more: as in `run`.")] = None,  # noqa: UP045
    as_json: AsJson = False,
) -> None:
    """End a run for good: the follow's own keys are removed from the servers; the data of both sides stays."""
    folder = StateFolder(state)
    found = folder.existing_state()
    if folder.is_in_use():
        _ask(state, Wish.STOP, as_json=as_json)
        return
    addresses = ", ".join([f"--from {found.source}", *(f"--to {name}={address}" for name, address in found.targets.items())])
    if source is None or not target:
        raise BadInput(
            f"--state {state}: no engine has it, so --from and --to are needed to remove its keys, allowed: those of {addresses}"
        )
    _answer(_end_dead(folder, source, target, addresses), as_json=as_json)


def _end_dead(folder: StateFolder, source: str, targets: list[str], addresses: str) -> str:
    """Remove the keys of a run whose engine is gone. Raises BadInput for other servers."""
    lock = folder.lock()
    try:
        state = folder.existing_state()
        (endpoint, _), urls = source_endpoint(source, None), target_urls(targets, named=True)
        if str(endpoint) != state.source or {url.name: str(url.endpoint) for url in urls} != state.targets:
            raise BadInput(f"--from and --to: not the servers of {folder.path}, allowed: {addresses}")
        removal = end_follow(endpoint, urls, sorted(state.databases), state.run, folder.copy_path)
        state.was_ended = True
        state.revision += 1
        folder.write_state(state)
        return removal.text
    finally:
        lock.release()


def _ask(path: Path, wish: Wish, *, as_json: bool, name: str = "", value: str = "", seconds: float | None = None) -> None:
    folder = StateFolder(path)
    folder.existing_state()
    seen = refuse_no_engine(folder, read_status(folder.status_path))
    request: Request = request_for(seen, wish, name=name, value=value, seconds=seconds)
    _answer(ask(folder, request), as_json=as_json)


def _answer(text: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"schema": ANSWER_SCHEMA, "is_done": True, "text": text})
    else:
        print_lines([text])
