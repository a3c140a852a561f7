"""`uplift inventory`: what a live Redis or an RDB file holds, by pattern, for a terminal, a browser or a machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Optional

import typer
from rich.table import Table

from uplift.cli.options.keymap_file import OptionalKeyMap, sound_keymap
from uplift.cli.options.redis_urls import Databases, Exclude, KeysASecond, Only, OptionalFrom, source_endpoint
from uplift.cli.terminal.output import AsJson, print_json, print_lines, print_table
from uplift.cli.terminal.progress_bar import progress, say
from uplift.errors import BadInput, ExitCode
from uplift.keyspace.inventory.inventory import (
    LIVE_BYTES,
    PART_OF_CLUSTER,
    RDB_BYTES,
    TTL_NAMES,
    Inventory,
    InventoryBuilder,
    live_inventory,
    rdb_inventory,
)
from uplift.keyspace.keymap.key_label import KeyLabels
from uplift.keyspace.keymap.model import KeyMap
from uplift.keyspace.keymap.routing import Router, build_router
from uplift.keyspace.rdb.file import RdbFile
from uplift.keyspace.server.connection import connected
from uplift.keyspace.server.facts import read_server_facts
from uplift.report.names_file import names_file

SCHEMA = "uplift.inventory/2"
_MOST_ROWS = 40
Rdb = Annotated[Optional[Path], typer.Option("--rdb", help="An RDB file of Redis (versions 2 to 12) or Valkey (80) in place of a server.")]  # noqa: UP045
Names = Annotated[Optional[Path], typer.Option("--names", help="Write whole key names of what no rule matches here, mode 0600.")]  # noqa: UP045


def inventory(
    source: OptionalFrom = None,
    rdb: Rdb = None,
    keymap: OptionalKeyMap = None,
    database: Databases = None,
    only: Only = None,
    exclude: Exclude = None,
    sample: Annotated[int, typer.Option("--sample", help="Size one key in so many; sizing renews a key's access time.", min=1)] = 1,
    keys_a_second: KeysASecond = 0,
    html: Annotated[Optional[Path], typer.Option("--html", help="Write a self-contained page: treemap and TTLs.")] = None,  # noqa: UP045
    names: Names = None,
    as_json: AsJson = False,
) -> None:
    """Keys, bytes, types and TTLs by pattern, the biggest keys, and who owns them."""
    try:
        with names_file(names) as take_unmatched:
            found = take_inventory(source, rdb, keymap, tuple(database or ()), sample, keys_a_second, take_unmatched)
    except KeyboardInterrupt:
        say("stopped; nothing was written, run the same command again")
        raise typer.Exit(ExitCode.FAILED) from None
    labels = KeyLabels(words=found.words)
    _narrow(found, set(only or ()), set(exclude or ()), sound_keymap(keymap) if keymap else None)
    if html is not None:
        from uplift.report.inventory_page import write_page

        write_page(html, found, labels)
    if as_json:
        print_json(inventory_document(found, labels))
    else:
        _print(found, labels)


def take_inventory(
    source: str | None,
    rdb: Path | None,
    keymap: Path | None,
    databases: tuple[int, ...],
    sample: int,
    keys_a_second: int = 0,
    take_unmatched: Callable[[bytes], None] = lambda _key: None,
) -> Inventory:
    """Read a server or a file; `take_unmatched` gets the name of each key without a rule.

    Raises BadInput, DamagedFile, SourceUnreachable or TargetRefused.
    """
    if (source is None) == (rdb is None):
        raise BadInput("name one of --from and --rdb")
    read = sound_keymap(keymap) if keymap else None
    router = build_router(read, read.destinations) if read else None
    if rdb is not None:
        return _of_file(rdb, router, databases, take_unmatched)
    return _of_server(str(source), router, databases, sample, keys_a_second, take_unmatched)


def _of_file(path: Path, router: Router | None, databases: tuple[int, ...], take_unmatched: Callable[[bytes], None]) -> Inventory:
    file = RdbFile(path)
    found = Inventory(path.name, RDB_BYTES, router is not None)
    with progress("read", unit="bytes") as advance:
        builder = InventoryBuilder(found, router, take_unmatched)
        rdb_inventory(file, builder, int(time.time() * 1000), lambda done: advance(done, file.size), databases)
    if file.functions:
        say(f"{file.functions} libraries of functions are in the file; they are no keys")
    return found


def _of_server(
    url: str, router: Router | None, wanted: tuple[int, ...], sample: int, keys_a_second: int, take_unmatched: Callable[[bytes], None]
) -> Inventory:
    endpoint, databases = source_endpoint(url, list(wanted))
    with connected(endpoint) as connection:
        facts = read_server_facts(connection)
        found = Inventory(str(endpoint), LIVE_BYTES, router is not None, is_part=facts.cluster_enabled)
        chosen = databases or facts.databases
        total = sum(facts.keys_in(one) for one in chosen)
        with progress("read") as advance:
            builder = InventoryBuilder(found, router, take_unmatched)
            live_inventory(connection, chosen, builder, sample, lambda done: advance(done, total), keys_a_second)
    return found


def _narrow(found: Inventory, only: set[str], exclude: set[str], keymap: KeyMap | None) -> None:
    if not only and not exclude:
        return
    if keymap is None:
        raise BadInput("--only and --exclude name rules: they need --keymap")
    known = {rule.name for rule in keymap.rules}
    if unknown := sorted((only | exclude) - known):
        raise BadInput(f"{unknown[0]!r} is no rule, allowed: {', '.join(sorted(known))}")
    found.patterns = {
        place: entry for place, entry in found.patterns.items() if (not only or entry.rule in only) and entry.rule not in exclude
    }


def inventory_document(found: Inventory, labels: KeyLabels) -> dict[str, object]:
    """The inventory for machines, without key names."""
    return {
        "schema": SCHEMA,
        "source": found.source,
        "counted": found.counted,
        "is_part_of_cluster": found.is_part,
        "keys": found.keys,
        "estimated_bytes": found.estimated_bytes,
        "keys_by_ttl": dict(zip(TTL_NAMES, found.keys_by_ttl(), strict=True)),
        "unmatched": found.unmatched_count if found.has_keymap else None,
        "patterns": [
            {
                "pattern": entry.pattern,
                "rule": entry.rule or None,
                "to": entry.destination or None,
                "action": entry.action or None,
                "keys": entry.keys,
                "sized": entry.sized,
                "estimated_bytes": entry.estimated_bytes,
                "elements": entry.elements,
                "types": entry.types,
                "keys_by_ttl": dict(zip(TTL_NAMES, entry.keys_by_ttl, strict=True)),
                "should_expire": entry.should_expire,
            }
            for entry in found.by_size
        ],
        "biggest": [
            {"key": labels.label(key), "database": database, "type": kind, "estimated_bytes": size}
            for size, database, key, kind in sorted(found.biggest, reverse=True)
        ],
    }


def _print(found: Inventory, labels: KeyLabels) -> None:
    table = Table("pattern", "rule", "keys", "MB", "types", "no TTL", "TTL mostly", box=None, pad_edge=False)
    rows = found.by_size
    for entry in rows[:_MOST_ROWS]:
        warned = f"{entry.keys_by_ttl[-1]:,}" + (" (should expire)" if entry.should_expire else "")
        rule = entry.rule or ("no rule" if found.has_keymap else "")
        table.add_row(
            entry.pattern,
            rule,
            f"{entry.keys:,}",
            f"{entry.estimated_bytes / 1e6:,.2f}",
            " ".join(sorted(entry.types)),
            warned,
            entry.ttl_mostly,
        )
    print_table(table)
    lines = [f"and {len(rows) - _MOST_ROWS} more patterns"] if len(rows) > _MOST_ROWS else []
    lines.append(
        f"{found.keys:,} keys, about {found.estimated_bytes / 1e6:,.1f} MB; "
        f"{found.expired_or_deleted:,} expired or deleted before they were read"
    )
    lines.append(f"bytes: {found.counted}")
    if found.is_part:
        lines.append(PART_OF_CLUSTER)
    lines += [
        f"big: {labels.label(key)} ({kind}, database {database}): {size / 1e6:,.2f} MB"
        for size, database, key, kind in sorted(found.biggest, reverse=True)[:5]
    ]
    if found.has_keymap:
        lines.append(
            f"no rule: {found.unmatched_count:,} keys" + (f", such as {labels.label(found.unmatched[0])}" if found.unmatched else "")
        )
    print_lines(lines)
