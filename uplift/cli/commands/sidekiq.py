"""`uplift sidekiq`: what is in a Redis that Sidekiq uses, and everything that takes its jobs to another one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import typer

from uplift.cli.commands.sidekiq_gate import gate
from uplift.cli.commands.sidekiq_handover import handover, pause, resume, set_
from uplift.cli.options.keymap_file import OptionalKeyMap, sound_keymap
from uplift.cli.options.sidekiq_sides import FromSide, Side, ToSide, Watch, side_from, side_to
from uplift.cli.terminal.output import AsJson, print_json, print_lines, print_table
from uplift.cli.terminal.progress_bar import progress, say
from uplift.cli.terminal.sidekiq_document import status_document
from uplift.cli.terminal.sidekiq_text import (
    classes_table,
    pitfall_lines,
    process_lines,
    queues_table,
    scheduler_lines,
    sets_table,
    sides_table,
)
from uplift.cli.terminal.sidekiq_view import shown_sides
from uplift.errors import BadInput, ExitCode, SourceUnreachable
from uplift.keyspace.keymap.routing import Router, build_router
from uplift.keyspace.server.connection import Connection, connected
from uplift.keyspace.server.facts import read_server_facts
from uplift.sidekiq.key_map_rules import of_sidekiq_by
from uplift.sidekiq.pitfalls import pitfalls_of
from uplift.sidekiq.side_status import SideStatus, read_side_status
from uplift.sidekiq.survey import Survey, Surveying
from uplift.sidekiq.watched_side import Watched, WatchedSide

_LOOK_SECONDS = 2.0
_TIMEOUT_SECONDS = 30.0
commands = typer.Typer(no_args_is_help=True, add_completion=False)


@commands.callback()
def group() -> None:
    """See what Sidekiq keeps in a Redis, and take its jobs to another one."""


@commands.command()
def status(
    source: FromSide,
    target: ToSide = None,
    keymap: OptionalKeyMap = None,
    watch: Watch = False,
    as_json: AsJson = False,
) -> None:
    """What is there, on one side or on both beside each other, and what goes wrong where. Changes nothing, and reads no job's arguments."""
    if watch and as_json:
        raise BadInput("--watch --json: a watch has no end that a document could be written at, allowed: one of the two")
    sides = [side_from(source), *([side_to(target)] if target is not None else [])]
    read = sound_keymap(keymap) if keymap is not None else None
    router = build_router(read, read.destinations) if read is not None else None
    with _connections(sides) as connections:
        if watch:
            _watch(sides, connections, router)
        else:
            _show(sides, connections, router, as_json=as_json)


@contextmanager
def _connections(sides: list[Side]) -> Iterator[list[Connection]]:
    """One to each side, in their order."""
    if not sides:
        yield []
        return
    first, *others = sides
    with (
        connected(first.endpoint, database=first.database, timeout_seconds=_TIMEOUT_SECONDS) as connection,
        _connections(others) as behind,
    ):
        yield [connection, *behind]


def _show(sides: list[Side], connections: list[Connection], router: Router | None, *, as_json: bool) -> None:
    found = [_read(side, connection, router) for side, connection in zip(sides, connections, strict=True)]
    pitfalls = pitfalls_of(found[0], found[1] if found[1:] else None)
    if as_json:
        print_json(status_document(found[0], found[1] if found[1:] else None, pitfalls))
        return
    for table in (sides_table(found), queues_table(found), sets_table(found), classes_table(found[0])):
        if table.row_count:
            print_table(table)
            print_lines([""])
    for side, one in zip(sides, found, strict=True):
        print_lines([*process_lines(one, side.name), *scheduler_lines(one, side.name)])
    print_lines(pitfall_lines(pitfalls) or ["no warning applies"])


def _read(side: Side, connection: Connection, router: Router | None) -> SideStatus:
    found = _surveyed(side, connection, router)
    with progress(f"jobs of --{side.name}", "jobs") as advance:
        looked_at = 0

        def more(jobs: int) -> None:
            nonlocal looked_at
            looked_at += jobs
            advance(looked_at, 0)

        return read_side_status(connection, found, words=router.words if router is not None else frozenset(), advance=more)


def _surveyed(side: Side, connection: Connection, router: Router | None) -> Survey:
    """All keys of a side, with progress: on a big server that takes seconds."""
    total = read_server_facts(connection).keys_in(side.database)
    surveying = Surveying(connection, of_sidekiq_by(router))
    with progress(f"keys of --{side.name}") as advance:
        while (found := surveying.step()) is None:
            advance(surveying.seen, total)
    return found


def _watch(sides: list[Side], connections: list[Connection], router: Router | None) -> None:
    """Until Ctrl-C, which is how it is meant to end: exit 0."""
    words = router.words if router is not None else frozenset[str]()
    watched = [
        WatchedSide(connection, partial(_surveyed, side, connection, router), words)
        for side, connection in zip(sides, connections, strict=True)
    ]
    try:
        # The first look may take seconds, and shows how far it is; a display that redraws would be in its way.
        first = [one.look() for one in watched]
        with shown_sides() as show:
            show(first)
            while True:
                time.sleep(_LOOK_SECONDS)
                if (looks := _looks(watched)) is not None:
                    show(looks)
    except KeyboardInterrupt:
        raise typer.Exit(ExitCode.DONE) from None


def _looks(watched: list[WatchedSide]) -> list[Watched] | None:
    """What all sides look like; None where one cannot be reached now: the next look tries again."""
    try:
        return [one.look() for one in watched]
    except SourceUnreachable as problem:
        say(f"{problem}; looking again")
        for one in watched:
            _open_again(one)
        return None


def _open_again(one: WatchedSide) -> None:
    one.forget()
    try:
        one.connection.connect()
    except SourceUnreachable:
        return


commands.command()(handover)
commands.command()(gate)
commands.command("set")(set_)
commands.command()(pause)
commands.command()(resume)
