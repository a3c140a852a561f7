"""How often a server was written to, whoever did it: by its own count of each command that writes."""

from __future__ import annotations

import re

from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.replies import ErrorReply, as_bytes, as_list

_STATISTIC = re.compile(rb"cmdstat_([^:|]+)(?:\|[^:]+)?:calls=(\d+)")
# Without a flag that says so: from 7.0 on the subcommands of XGROUP write, DEBUG can load keys, and a replica takes over its primary's.
# 3.2 counts a command inside a transaction as one more EXEC (src/server.c, call: by lastcmd).
_WRITE_WITHOUT_FLAG = frozenset({b"xgroup", b"debug", b"replicaof", b"slaveof", b"exec"})


def read_write_calls(connection: Connection) -> int | None:
    """Calls of all commands that write, since the server was started or its statistics were reset; None where the user may not ask.

    By COMMAND's flags and INFO commandstats, with what loads data and has no flag; a script's commands are counted
    as well (redis/redis src/server.c, call).
    """
    try:
        return _read(connection)
    except ErrorReply:
        return None


def _read(connection: Connection) -> int:
    writes = set(_WRITE_WITHOUT_FLAG)
    for entry in as_list(connection.ask("COMMAND")):
        command = as_list(entry)
        if b"write" in as_list(command[2]):
            writes.add(as_bytes(command[0]).lower())
    statistics = as_bytes(connection.ask("INFO", "commandstats"))
    return sum(int(calls) for name, calls in _STATISTIC.findall(statistics) if name.lower() in writes)
