"""`uplift copy`: from one live Redis to one or more others, byte for byte, with TTLs, resumable."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Optional

import typer
from rich.table import Table

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
from uplift.cli.options.state_file import default_state_path, make_folder_of, path_of_new_run
from uplift.cli.terminal.output import AsJson, print_json, print_lines, print_table
from uplift.cli.terminal.progress_bar import say
from uplift.cli.terminal.run_events import shown_events
from uplift.errors import BadInput, ExitCode, NotSafe
from uplift.keyspace.copy.copy import CopyOptions
from uplift.keyspace.copy.prepare import CopyRequest, PreparedCopy, prepared_copy
from uplift.keyspace.copy.state import CopyState, locked
from uplift.keyspace.keymap.routing import NO_TARGET
from uplift.keyspace.server.events import Note
from uplift.keyspace.server.source_and_targets import raise_or_warn
from uplift.keyspace.server.target import Existing, WriteMode

SCHEMA = "uplift.copy/2"
State = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(
        "--state",
        help="Where the run writes down how far it is; the same file goes on from there "
        "[default: one for these servers, key map and rules, below ~/.local/state/uplift].",
    ),
]
# What a plain machine reaches with both ends on it (bench/copy.py); networks and sizes differ, so it is called an estimate.
_ESTIMATED_KEYS_A_SECOND = 60_000


def copy(
    source: From,
    target: To,
    keymap: OptionalKeyMap = None,
    database: Databases = None,
    only: Only = None,
    exclude: Exclude = None,
    state: State = None,
    fail_existing: Annotated[
        bool, typer.Option("--fail-existing", help="Refuse to start where a target has one of the keys (default).")
    ] = False,
    skip_existing: Annotated[bool, typer.Option("--skip-existing", help="Keep keys a target already has.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Replace keys a target already has.")] = False,
    silent: Annotated[
        bool,
        typer.Option(
            "--silent",
            help="Write by RESTORE, slower. On 5.0 no key events but of big keys; below also of TTLs, from 6.2 on of each key.",
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be copied, whether it fits and how long it takes; write nothing.")
    ] = False,
    keys_a_second: KeysASecond = 0,
    bytes_a_second: BytesASecond = 0,
    whole_bytes: WholeBytes = 8 * 1024 * 1024,
    clock_tolerance: ClockTolerance = 1000,
    as_json: AsJson = False,
) -> None:
    """Copy every key where the key map says. Right for every key unchanged since it was read; `uplift verify` finds later changes."""
    chosen = [
        mode for mode, given in ((Existing.FAIL, fail_existing), (Existing.SKIP, skip_existing), (Existing.REPLACE, replace)) if given
    ]
    if len(chosen) > 1:
        raise BadInput("--fail-existing, --skip-existing and --replace exclude each other, allowed: one of them")
    scope = scope_of(source, target, keymap, database, only, exclude, clock_tolerance)
    options = CopyOptions(
        existing=chosen[0] if chosen else Existing.FAIL,
        write_mode=WriteMode.SILENT if silent else WriteMode.FAST,
        keys_a_second=keys_a_second,
        bytes_a_second=bytes_a_second,
        whole_bytes=whole_bytes,
    )
    request = CopyRequest(
        scope.source, scope.targets, scope.keymap, scope.databases, scope.only, scope.exclude, scope.clock_tolerance, options
    )
    path = default_state_path(scope, os.environ) if state is None else state
    if state is None:
        make_folder_of(path)
    with locked(path):
        try:
            if state is None:
                path = path_of_new_run(path, dry_run=dry_run)
            _copy(request, path, dry_run=dry_run, as_json=as_json)
        except KeyboardInterrupt:
            say(f"stopped; what was committed stays. The same command goes on from there ({path}); `uplift clean` removes temporary keys.")
            raise typer.Exit(ExitCode.FAILED) from None


def _copy(request: CopyRequest, state_path: Path, *, dry_run: bool, as_json: bool) -> None:
    with ExitStack() as stack:
        # The bars are gone before anything is printed.
        with shown_events() as listen:
            prepared = stack.enter_context(prepared_copy(request, state_path, listen))
            if not dry_run:
                raise_or_warn(prepared.memory, listen)
                listen(Note(f"state: {state_path}"))
                began = time.monotonic()
                state = prepared.run(listen)
        if dry_run:
            _report_dry_run(prepared, as_json=as_json)
            return
    _report(state, prepared, time.monotonic() - began, as_json=as_json)
    if state.not_copied:
        raise NotSafe(f"{len(state.not_copied):,} keys were not copied: `uplift verify --repair` copies them when they are quiet")


def _report_dry_run(prepared: PreparedCopy, *, as_json: bool) -> None:
    scanned, router = prepared.scanned, prepared.servers.router
    by_rule = [
        {
            "rule": rule.name,
            "action": rule.action.value,
            "to": rule.destination,
            "keys": scanned.keys[rule.index],
            "estimated_bytes": scanned.estimated_bytes(rule.index),
        }
        for rule in router.rules
        if scanned.keys[rule.index]
    ]
    written = prepared.keys_to_write
    fit = [
        {
            "target": target.name,
            "coming_bytes": scanned.estimated_bytes_of_target(router, index),
            "free_bytes": target.facts.free_memory_bytes,
        }
        for index, target in enumerate(prepared.servers.targets)
    ]
    document = {
        "schema": SCHEMA, "dry_run": True, "rules": by_rule, "targets": fit, "refusals": list(prepared.memory.refusals),
        "warnings": list(prepared.memory.warnings), "estimated_seconds": round(written / _ESTIMATED_KEYS_A_SECOND, 1),
    }  # fmt: skip
    if as_json:
        print_json(document)
    else:
        table = Table("rule", "action", "to", "keys", "about MB", box=None, pad_edge=False)
        for rule in by_rule:
            table.add_row(
                str(rule["rule"]),
                str(rule["action"]),
                str(rule["to"]),
                f"{rule['keys']:,}",
                f"{int(str(rule['estimated_bytes'])) / 1e6:,.1f}",
            )
        print_table(table)
        lines = [
            f"{side['target']}: about {int(str(side['coming_bytes'])) / 1e6:,.1f} MB coming, {_room(side['free_bytes'])}" for side in fit
        ]
        lines += [f"would refuse: {reason}" for reason in prepared.memory.refusals]
        lines += [f"warning: {warning}" for warning in prepared.memory.warnings]
        lines.append(f"about {written / _ESTIMATED_KEYS_A_SECOND:,.1f} s at {_ESTIMATED_KEYS_A_SECOND:,} keys/s; nothing was written")
        print_lines(lines)
    if prepared.memory.refusals:
        raise typer.Exit(ExitCode.FAILED)


def _room(free: object) -> str:
    return "no maxmemory" if free is None else f"{int(str(free)) / 1e6:,.1f} MB free"


def _report(state: CopyState, prepared: PreparedCopy, seconds: float, *, as_json: bool) -> None:
    counts, copied = state.counts, sum(state.counts.copied.values())
    left = {
        rule.name: (rule.action.value, prepared.scanned.keys[rule.index])
        for rule in prepared.servers.router.rules
        if rule.target == NO_TARGET and prepared.scanned.keys[rule.index]
    }
    if as_json:
        print_json(
            {
                "schema": SCHEMA, "run": state.run, "copied": copied, "by_rule": counts.copied, "big": counts.big,
                "expired_or_deleted": counts.expired_or_deleted,
                "kept_existing": counts.kept_existing, "bytes": counts.bytes, "seconds": round(seconds, 2),
                "left": {name: {"action": action, "keys": keys} for name, (action, keys) in left.items()},
                "not_copied": state.not_copied, "held": state.held,
            }
        )  # fmt: skip
        return
    table = Table("rule", "to", "keys", box=None, pad_edge=False)
    for rule in prepared.servers.router.rules:
        if counts.copied.get(rule.name):
            table.add_row(rule.name, rule.destination, f"{counts.copied[rule.name]:,}")
        elif rule.name in left:
            table.add_row(rule.name, f"left alone ({left[rule.name][0]})", f"{left[rule.name][1]:,}")
    print_table(table)
    lines = [f"copied {copied:,} keys, {counts.bytes / 1e6:,.1f} MB, in {seconds:,.1f} s ({copied / max(seconds, 0.001):,.0f} keys/s)"]
    lines.append(
        f"{counts.big:,} in pieces, {counts.expired_or_deleted:,} expired or deleted before they were read, "
        f"{counts.kept_existing:,} kept as they were on a target"
    )
    lines += [f"held the server: {label}: one element of {size:,} bytes" for label, size in sorted(state.held.items())]
    lines += [f"not copied: {label}: {reason}" for label, reason in sorted(state.not_copied.items())]
    print_lines(lines)
