"""`uplift clean`: removes the temporary keys of a dead run."""

from __future__ import annotations

from typing import Annotated

import typer

from uplift.cli.options.redis_urls import To, target_urls
from uplift.cli.terminal.output import AsJson, print_json, print_lines
from uplift.keyspace.copy.clean import clean as remove
from uplift.keyspace.server.connection import connected
from uplift.keyspace.server.facts import read_server_facts

SCHEMA = "uplift.clean/1"


def clean(
    target: To,
    run: Annotated[str, typer.Option("--run", help="Only those of one run; its id is in its state file [default: all].")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count, remove nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove temporary keys of copies from targets. A copy that is running now needs its own: wait for it, or name the dead --run.

    What a follow keeps under uplift:follow: stays.
    """
    found = {}
    for url in target_urls(target, named=len(target) > 1):
        with connected(url.endpoint) as connection:
            found[url.name] = remove(connection, read_server_facts(connection), run, dry_run=dry_run)
    if as_json:
        print_json({"schema": SCHEMA, "dry_run": dry_run, "temporary_keys": found})
    else:
        print_lines([f"{name}: {count:,} temporary keys {'found' if dry_run else 'removed'}" for name, count in found.items()])
