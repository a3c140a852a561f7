"""`uplift keymap check`: is the map sound, and does it cover what is really there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from uplift.cli.commands.inventory import Names, Rdb, take_inventory
from uplift.cli.options.keymap_file import DEFAULT_KEYMAP
from uplift.cli.options.redis_urls import Databases, OptionalFrom
from uplift.cli.terminal.output import AsJson, print_json, print_lines
from uplift.errors import ExitCode
from uplift.keyspace.inventory.inventory import Inventory
from uplift.keyspace.keymap.check import KeyMapProblem, check_keymap
from uplift.keyspace.keymap.file import load_keymap
from uplift.keyspace.keymap.model import KeyMap
from uplift.report.names_file import names_file

SCHEMA = "uplift.keymap.check/1"
commands = typer.Typer(no_args_is_help=True, add_completion=False)


# A callback: without one, a group of one command would be that command.
@commands.callback()
def group() -> None:
    """Check which key goes where."""


@commands.command()
def check(
    keymap: Annotated[Path, typer.Argument(help="The key map.")] = DEFAULT_KEYMAP,
    source: OptionalFrom = None,
    rdb: Rdb = None,
    database: Databases = None,
    names: Names = None,
    as_json: AsJson = False,
) -> None:
    """Check a key map by itself (exit 2 where it is unsound) and against a server or a file (exit 1 where keys have no rule)."""
    read = load_keymap(keymap)
    problems = check_keymap(read)
    seen = None
    if (source or rdb) and not problems:
        with names_file(names) as take_unmatched:
            seen = take_inventory(source, rdb, keymap, tuple(database or ()), 1, take_unmatched=take_unmatched)
    if as_json:
        print_json(_document(read, problems, seen))
    else:
        print_lines(_lines(keymap, read, problems, seen))
    if problems:
        raise typer.Exit(ExitCode.BAD_INPUT)
    if seen is not None and seen.unmatched_count:
        raise typer.Exit(ExitCode.FAILED)


def _document(read: KeyMap, problems: list[KeyMapProblem], seen: Inventory | None) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "rules": len(read.rules),
        "digest": read.digest,
        "problems": [{"rule": problem.rule, "message": problem.message} for problem in problems],
        "unmatched": None if seen is None else {entry.pattern: entry.keys for entry in seen.by_size if not entry.rule},
    }


def _lines(path: Path, read: KeyMap, problems: list[KeyMapProblem], seen: Inventory | None) -> list[str]:
    if problems:
        return [f"{path}: {problem.rule}: {problem.message}" for problem in problems]
    lines = [f"{path}: {len(read.rules)} rules, sound: none is hidden, none contradicts another unsaid, no two keys become one"]
    if seen is None:
        return lines
    unmatched = [entry for entry in seen.by_size if not entry.rule]
    lines.append(f"{seen.keys:,} keys seen, {seen.unmatched_count:,} without a rule")
    lines += [f"  no rule: {entry.pattern} {entry.keys:,} keys ({' '.join(sorted(entry.types))})" for entry in unmatched]
    missing = [entry for entry in seen.by_size if entry.should_expire]
    lines += [f"  should expire, by rule {entry.rule}: {entry.pattern} {entry.should_expire:,} keys" for entry in missing]
    return lines
