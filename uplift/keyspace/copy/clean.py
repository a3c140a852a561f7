"""Finds and removes what dead copies left under temporary names. A follow's keys are not below them, so its lease stays (own_keys.py)."""

from __future__ import annotations

from collections.abc import Iterator

from uplift.keyspace.keymap.own_keys import TEMPORARY_PREFIX
from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.facts import ServerFacts
from uplift.keyspace.server.names_there import names_there
from uplift.keyspace.server.value_pieces import drain


def temporary_keys(connection: Connection, run: str) -> Iterator[bytes]:
    """Temporary keys in the connection's database: of one run, or of all where `run` is empty."""
    return names_there(connection.ask, TEMPORARY_PREFIX + run.encode())


def clean(connection: Connection, facts: ServerFacts, run: str, *, dry_run: bool) -> int:
    """Remove temporary keys from every database; returns how many there were."""
    found = 0
    for database in facts.databases:
        connection.select(database)
        for key in list(temporary_keys(connection, run)):
            found += 1
            if not dry_run:
                drain(connection, [key], has_unlink=facts.has_unlink)
    return found
