"""`uplift verify`: whether the targets hold what the source holds. Exit 0 equal, 1 different, 3 still changing."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from uplift.cli.options.keymap_file import OptionalKeyMap
from uplift.cli.options.redis_urls import (
    BytesASecond,
    ClockTolerance,
    Databases,
    Exclude,
    From,
    KeysASecond,
    Only,
    To,
    WholeBytes,
    scope_of,
)
from uplift.cli.options.state_file import default_state_path, existing_state, newest_finished
from uplift.cli.terminal.output import AsJson, print_json, print_lines
from uplift.cli.terminal.progress_bar import say
from uplift.cli.terminal.run_events import shown_events
from uplift.errors import BadInput, ExitCode
from uplift.keyspace.verify.result import Difference, Found, VerifyOptions
from uplift.keyspace.verify.run import Verified, VerifyRequest
from uplift.keyspace.verify.run import verify as run_verify
from uplift.report.whole_file import whole_file

SCHEMA = "uplift.verify/2"
_MOST_SHOWN = 20


def verify(
    source: From,
    target: To,
    keymap: OptionalKeyMap = None,
    database: Databases = None,
    only: Only = None,
    exclude: Exclude = None,
    ttl_tolerance: Annotated[int, typer.Option("--ttl-tolerance", help="How far expiry times may differ, in ms.", min=0)] = 250,
    rechecks: Annotated[int, typer.Option(help="How often a key that differs is read again.", min=1)] = 3,
    repair: Annotated[bool, typer.Option("--repair", help="Write what is missing or differs again, each key read right before.")] = False,
    delete_extra: Annotated[
        bool,
        typer.Option(
            "--delete-extra",
            help="With --repair: delete what the source no longer has, on targets nobody but that copy has written to.",
        ),
    ] = False,
    state: Annotated[
        Path | None,
        typer.Option(
            "--state",
            help="The state of the copy, for --delete-extra and for equal hashes "
            "[default: with --delete-extra, that of the last copy of these servers that finished].",
        ),
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", help="Every difference with its whole key name, a line of JSON each; mode 0600.")
    ] = None,
    keys_a_second: KeysASecond = 0,
    bytes_a_second: BytesASecond = 0,
    whole_bytes: WholeBytes = 8 * 1024 * 1024,
    clock_tolerance: ClockTolerance = 1000,
    as_json: AsJson = False,
) -> None:
    """Compare values and TTLs, both ways, key by key."""
    if delete_extra and not repair:
        raise BadInput("--delete-extra goes with --repair")
    scope = scope_of(source, target, keymap, database, only, exclude, clock_tolerance)
    if state is not None:
        existing_state(state)
    elif delete_extra:
        state = newest_finished(default_state_path(scope, os.environ))
    options = VerifyOptions(ttl_tolerance=ttl_tolerance, rechecks=rechecks, keys_a_second=keys_a_second, bytes_a_second=bytes_a_second)
    request = VerifyRequest(
        scope.source, scope.targets, scope.keymap, scope.databases, scope.only, scope.exclude, scope.clock_tolerance, options,
        whole_bytes=whole_bytes, repair=repair, delete_extra=delete_extra, state=state,
    )  # fmt: skip
    try:
        with _report_file(report) as take, shown_events() as listen:
            verified = run_verify(request, listen, take)
    except KeyboardInterrupt:
        say("stopped; nothing is half-written, and a verification starts from the beginning: run the same command again")
        raise typer.Exit(ExitCode.FAILED) from None
    (_print_as_json if as_json else _print)(verified)
    if verified.result.differences:
        raise typer.Exit(ExitCode.FAILED)
    if verified.result.changing:
        raise typer.Exit(ExitCode.STILL_CHANGING)


@contextmanager
def _report_file(path: Path | None) -> Iterator[Callable[[Found], None]]:
    if path is None:
        yield lambda _found: None
        return
    with whole_file(path, "--report", private=True) as file:

        def write(found: Found) -> None:
            line = {"difference": found.difference, "database": found.database, "key": found.key.decode("latin-1"), "detail": found.detail}
            file.write(json.dumps(line) + "\n")

        yield write


def _print(verified: Verified) -> None:
    result = verified.result
    verdict = "different" if result.differences else "still changing" if result.changing else "equal"
    counts = ", ".join(f"{result.counts.get(difference, 0):,} {difference.value}" for difference in Difference)
    lines = [f"{verdict}: {result.compared:,} keys compared, {result.equal:,} equal, {counts}"]
    lines += [f"  {_line(found, verified)}" for found in result.found[:_MOST_SHOWN]]
    total = result.differences + result.changing
    if total > _MOST_SHOWN:
        lines.append(f"  and {total - _MOST_SHOWN:,} more (--report FILE lists them)")
    if verified.repaired is not None:
        lines.insert(0, f"repaired: {verified.repaired.written:,} written again, {verified.repaired.deleted:,} deleted; then compared anew")
        lines += [f"  not repaired: {reason}" for reason in verified.repaired.refused[:_MOST_SHOWN]]
    print_lines(lines)


def _line(found: Found, verified: Verified) -> str:
    return f"{found.difference.value}: {verified.labels.label(found.key)} on {verified.target_names[found.target]}: {found.detail}"


def _print_as_json(verified: Verified) -> None:
    result = verified.result
    print_json(
        {
            "schema": SCHEMA,
            "compared": result.compared,
            "equal": result.equal,
            "counts": {difference.value: result.counts.get(difference, 0) for difference in Difference},
            "found": [
                {
                    "difference": found.difference,
                    "target": verified.target_names[found.target],
                    "key": verified.labels.label(found.key),
                    "detail": found.detail,
                }
                for found in result.found
            ],
            "repaired": None
            if verified.repaired is None
            else {"written": verified.repaired.written, "deleted": verified.repaired.deleted, "refused": verified.repaired.refused},
        }
    )
