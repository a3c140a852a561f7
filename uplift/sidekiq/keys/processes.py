"""Processes of Sidekiq as their heartbeats tell of them: `processes` has the names, a hash of 60 s for each says the rest."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass

from uplift.keyspace.server.connection import Connection, pack
from uplift.keyspace.server.replies import ErrorReply, Reply, as_bytes_list, as_list, as_optional_bytes
from uplift.sidekiq.keys.wrong_type import unless_wrong_type


@dataclass(frozen=True, slots=True)
class Process:
    """`is_alive`: its hash is there. A killed process stays in `processes` until another one cleans up, so the name alone proves nothing.

    `beat` in seconds since 1970. What an old or strange process does not say is None or empty; `version` is told from 7.0 on.
    """

    identity: bytes
    is_alive: bool
    queues: frozenset[bytes] = frozenset()
    is_quiet: bool = False
    beat: float | None = None
    concurrency: int | None = None
    busy: int | None = None
    version: str | None = None


def read_processes(connection: Connection) -> tuple[Process, ...]:
    """All of `processes`, dead ones too. Raises what Connection.call raises."""
    names = sorted(as_bytes_list(connection.call("SMEMBERS", "processes")))
    if not names:
        return ()
    answers = connection.call_all([pack("HMGET", name, "info", "busy", "beat", "quiet") for name in names])
    return tuple(process_of(name, answer) for name, answer in zip(names, answers, strict=True))


def process_of(identity: bytes, answer: Reply | ErrorReply) -> Process:
    """From what HMGET of info, busy, beat and quiet answered; survives any bytes.

    Only a hash that is not there makes a process dead: of a key of another type nothing is known, and it counts as alive.
    Raises the ErrorReply of a server that cannot answer now.
    """
    whole = unless_wrong_type(answer)
    if whole is None:
        return Process(identity, is_alive=True)
    values = [as_optional_bytes(one) for one in as_list(whole)]
    if not any(value is not None for value in values):
        return Process(identity, is_alive=False)
    info, busy, beat, quiet = values
    said = _fields(info or b"")
    concurrency, version, running = said.get("concurrency"), said.get("version"), _number(busy)
    return Process(
        identity,
        is_alive=True,
        queues=_names(said.get("queues")),
        is_quiet=quiet == b"true",
        beat=_number(beat),
        concurrency=concurrency if isinstance(concurrency, int) else None,
        busy=None if running is None else int(running),
        version=version if isinstance(version, str) else None,
    )


def _names(queues: object) -> frozenset[bytes]:
    found = set()
    for one in queues if isinstance(queues, list) else ():
        # Half a surrogate pair, written as an escape in JSON, is no text and so the name of no queue.
        with suppress(UnicodeEncodeError):
            found.add(one.encode("utf-8", "surrogateescape") if isinstance(one, str) else b"")
    return frozenset(found - {b""})


def _fields(info: bytes) -> dict[str, object]:
    try:
        said = json.loads(info.decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _number(text: bytes | None) -> float | None:
    try:
        number = float(text) if text is not None else None
    except ValueError:
        return None
    return number if number is not None and abs(number) < 1e15 else None


def listed_queues(processes: tuple[Process, ...]) -> frozenset[bytes]:
    """The queues that live processes work on; quiet ones fetch nothing more."""
    return frozenset(queue for process in processes if process.is_alive and not process.is_quiet for queue in process.queues)
