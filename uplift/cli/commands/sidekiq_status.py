"""`uplift sidekiq status`: what is in a Redis that Sidekiq uses, on one side or on both, and whether a handover is over."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Annotated, Optional

import typer

from uplift.cli.handover.proving import directory_of, prove
from uplift.cli.handover.state import HandoverDirectory
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
from uplift.keyspace.server.connection import LITTLE_PATIENCE, Connection, connected
from uplift.keyspace.server.facts import read_server_facts
from uplift.keyspace.server.replies import ErrorReply
from uplift.sidekiq.keys.key_map_rules import of_sidekiq_by
from uplift.sidekiq.keys.survey import Survey, Surveying
from uplift.sidekiq.status.pitfall import Pitfall
from uplift.sidekiq.status.pitfalls import pitfalls_of
from uplift.sidekiq.status.side_status import SideStatus, read_side_status
from uplift.sidekiq.status.watched_side import Watched, WatchedSide

_LOOK_SECONDS = 2.0
_TIMEOUT_SECONDS = 30.0


def status(
    source: FromSide,
    target: ToSide = None,
    keymap: OptionalKeyMap = None,
    watch: Watch = False,
    state: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--state", help="Of a handover: prove that it is over. Exit 1 where it is not."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What is there, on one side or on both beside each other, and what goes wrong where. Changes nothing, and reads no job's arguments."""
    if watch and as_json:
        raise BadInput("--watch --json: a watch has no end that a document could be written at, allowed: one of the two")
    if watch and state is not None:
        raise BadInput("--watch --state: a proof is of one moment, allowed: one of the two")
    directory = directory_of(state, has_target=target is not None)
    sides = [side_from(source), *([side_to(target)] if target is not None else [])]
    read = sound_keymap(keymap) if keymap is not None else None
    router = build_router(read, read.destinations) if read is not None else None
    with _connections(sides) as connections:
        if watch:
            _watch(sides, connections, router)
        else:
            _show(sides, connections, router, directory, as_json=as_json)


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


def _show(
    sides: list[Side], connections: list[Connection], router: Router | None, directory: HandoverDirectory | None, *, as_json: bool
) -> None:
    found = [_read(side, connection, router) for side, connection in zip(sides, connections, strict=True)]
    pitfalls = pitfalls_of(found[0], found[1] if found[1:] else None)
    proven = None if directory is None else prove(directory, sides, connections, found[0])
    if as_json:
        document = status_document(found[0], found[1] if found[1:] else None, pitfalls)
        print_json(document if proven is None else document | {"handover": proven.document})
    else:
        _print(sides, found, pitfalls)
        print_lines([] if proven is None else proven.lines)
    if proven is not None and proven.proof.problems:
        raise typer.Exit(ExitCode.FAILED)


def _print(sides: list[Side], found: list[SideStatus], pitfalls: tuple[Pitfall, ...]) -> None:
    for table in (sides_table(found), queues_table(found), sets_table(found), classes_table(found[0])):
        if table.row_count:
            print_table(table)
            print_lines([""])
    for side, one in zip(sides, found, strict=True):
        print_lines([*process_lines(one, side.name), *scheduler_lines(one, side.name)])
    print_lines(pitfall_lines(pitfalls) or ["no warning applies"])


def _read(side: Side, connection: Connection, router: Router | None) -> SideStatus:
    found = _surveyed(side, connection, router=router)
    with progress(f"jobs of --{side.name}", "jobs") as advance:
        looked_at = 0

        def more(jobs: int) -> None:
            nonlocal looked_at
            looked_at += jobs
            advance(looked_at, 0)

        return read_side_status(connection, found, words=router.words if router is not None else frozenset(), advance=more)


def _surveyed(side: Side, connection: Connection, *, router: Router | None) -> Survey:
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
        WatchedSide(connection, partial(_surveyed, side, router=router), words) for side, connection in zip(sides, connections, strict=True)
    ]
    try:
        # The first look may take seconds, and shows how far it is; a display that redraws would be in its way.
        first = [one.look() for one in watched]
        with shown_sides() as show:
            show(first)
            while True:
                time.sleep(_LOOK_SECONDS)
                found = [_look(one, side) for one, side in zip(watched, sides, strict=True)]
                looks = [look for look in found if look is not None]
                if len(looks) == len(sides):
                    show(looks)
    except KeyboardInterrupt:
        raise typer.Exit(ExitCode.DONE) from None
    finally:
        for one in watched:
            one.connection.close()


def _look(one: WatchedSide, side: Side) -> Watched | None:
    """None where the side cannot answer now, as while it fails over; the next look asks whoever has its name then."""
    try:
        return one.look()
    except (SourceUnreachable, ErrorReply) as problem:
        say(f"--{side.name}: {problem}; looking again")
    # It stays as it is where nobody answers yet, and is tried again after the next look.
    with suppress(SourceUnreachable):
        one.begin_again(Connection(side.endpoint, database=side.database, timeout_seconds=_TIMEOUT_SECONDS, patience=LITTLE_PATIENCE))
    return None
