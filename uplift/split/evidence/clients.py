"""Who is connected to a server and is none of ours: from CLIENT LIST, as any version gives it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from uplift.keyspace.server.connection import CLIENT_NAME, Connection
from uplift.keyspace.server.replies import as_bytes

_SILENT_COMMANDS = frozenset({"NULL", "auth", "hello"})
_SILENT_SECONDS = 5
_UNKNOWN = "?"


@dataclass(frozen=True, slots=True)
class Client:
    """One connection. `server` is what we call the server it is to; ages in whole seconds, as the server counts them; `command`: the last
    one it sent, `?` where the server does not say.
    """

    server: str
    address: str
    name: str
    age_seconds: int
    idle_seconds: int
    command: str

    @property
    def host(self) -> str:
        """Its address without the port; the path of a Unix socket."""
        return self.address.rpartition(":")[0].strip("[]") or self.address

    def __str__(self) -> str:
        """For a person."""
        name = f" ({self.name})" if self.name else ""
        return (
            f"{self.address}{name} on {self.server}, connected for {self.age_seconds:,} s, last command {self.command} "
            f"{self.idle_seconds:,} s ago"
        )


def read_clients(connection: Connection, server: str, allowed: Iterable[str] = ()) -> tuple[Client, ...]:
    """Ask one server. `allowed`: globs, as in `foreign_clients`. Raises what Connection.call raises."""
    return foreign_clients(as_bytes(connection.call("CLIENT", "LIST")), server, allowed)


def foreign_clients(listed: bytes, server: str, allowed: Iterable[str] = ()) -> tuple[Client, ...]:
    """Those that are neither Uplift's, nor replicas or primaries, nor match an allowed glob by name, address or host; the least idle first.

    A line nobody can read counts as a client: what is not known is no evidence that nobody is there. ElastiCache's own connections have
    no documented name or address, so none is guessed: whoever sees them allows them. A connection of a few seconds that has said nothing
    is passed over: so look our own before they have a name, and probes of a load balancer.
    """
    globs = tuple(allowed)
    found = []
    for line in listed.decode("utf-8", "replace").split("\n"):
        if line.strip():
            fields = dict(part.partition("=")[::2] for part in line.strip().split(" "))
            client = _client(fields, server)
            if not (_is_ours(client.name) or _replicates(fields) or _has_said_nothing(fields, client) or _is_allowed(client, globs)):
                found.append(client)
    return tuple(sorted(found, key=lambda client: (client.idle_seconds, client.address)))


def _client(fields: dict[str, str], server: str) -> Client:
    return Client(
        server,
        fields.get("addr") or _UNKNOWN,
        fields.get("name", ""),
        _seconds(fields.get("age", "")),
        _seconds(fields.get("idle", "")),
        # Since Redis 7 with its subcommand: `client|setinfo`.
        fields.get("cmd") or _UNKNOWN,
    )


def _seconds(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() else 0


def _is_ours(name: str) -> bool:
    return name == CLIENT_NAME or name.startswith(f"{CLIENT_NAME}-")


def _replicates(fields: dict[str, str]) -> bool:
    """S: a replica, M: the primary (src/networking.c, getClientInfoString). Who watches by MONITOR has O and is a client."""
    return any(flag in fields.get("flags", "") for flag in "SM")


def _has_said_nothing(fields: dict[str, str], client: Client) -> bool:
    is_new = fields.get("age", "").isdecimal() and client.age_seconds < _SILENT_SECONDS
    return is_new and not client.name and client.command in _SILENT_COMMANDS


def _is_allowed(client: Client, globs: tuple[str, ...]) -> bool:
    shown = (client.name, client.address, client.host)
    return any(fnmatchcase(one, glob) for glob in globs for one in shown if one)
