"""The connections of a run, by their name in CLIENT LIST: whoever looks for clients of Sidekiq's passes over them."""

from __future__ import annotations

from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.endpoint import Endpoint

CONNECTION_NAME = "uplift-handover"
_TIMEOUT_SECONDS = 10.0


def named_connection(endpoint: Endpoint, database: int) -> Connection:
    """One to a server. Raises SourceUnreachable, ErrorReply."""
    connection = Connection(endpoint, database=database, timeout_seconds=_TIMEOUT_SECONDS)
    try:
        connection.call("CLIENT", "SETNAME", CONNECTION_NAME)
    except BaseException:
        connection.close()
        raise
    return connection


def named_connections(source: Endpoint, target: Endpoint, database: int) -> tuple[Connection, Connection]:
    """One to each, or none. Raises SourceUnreachable, ErrorReply."""
    first = named_connection(source, database)
    try:
        return first, named_connection(target, database)
    except BaseException:
        first.close()
        raise
