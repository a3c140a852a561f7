"""What a round begins with: both sides' processes, and what the old side holds by its own names."""

from __future__ import annotations

from dataclasses import dataclass

from uplift.keyspace.server.connection import Connection, pack
from uplift.keyspace.server.replies import as_bytes_list
from uplift.sidekiq.handover.wishes import SORTED_SETS, Part
from uplift.sidekiq.keys.private_queues import PrivateQueue, private_queue_of
from uplift.sidekiq.keys.processes import Process, listed_queues, read_processes
from uplift.sidekiq.keys.queues import Queue, public_names, read_queues


@dataclass(frozen=True, slots=True)
class OldSide:
    """`sorted_sets`: how many jobs each holds; None where what is under its name is none."""

    processes: tuple[Process, ...]
    public: frozenset[bytes]
    queues: tuple[Queue, ...]
    sorted_sets: dict[Part, int | None]
    paused: frozenset[bytes]

    @property
    def jobs_by_place(self) -> dict[tuple[Part, bytes], int]:
        """How many jobs each queue and each sorted set holds, by its part and the name of a queue; 0 where it is of another type."""
        sets = {(part, b""): jobs or 0 for part, jobs in self.sorted_sets.items()}
        return sets | {(Part.QUEUES, queue.name): queue.jobs or 0 for queue in self.queues}

    def private(self, keys: tuple[bytes, ...]) -> tuple[PrivateQueue, ...]:
        """Those of a survey's `queue:` keys that are not public."""
        return tuple(found for key in keys if (found := private_queue_of(key, self.public)) is not None)


@dataclass(frozen=True, slots=True)
class NewSide:
    """The processes of the other side. `refusing`: keys there that would have to be a list, a set or a sorted set, and are none."""

    processes: tuple[Process, ...]
    refusing: frozenset[bytes] = frozenset()

    @property
    def listed(self) -> frozenset[bytes]:
        """Queues that somebody there will work on."""
        return listed_queues(self.processes)


def read_old_side(connection: Connection) -> OldSide:
    """As it is now. Raises what Connection.call raises."""
    processes = read_processes(connection)
    # A private queue may bear a name that somebody put into `queues` by hand: its owner works on it all the same.
    named = public_names(connection, processes)
    public = frozenset(name for name in named if private_queue_of(b"queue:" + name, named) is None)
    answers = connection.call_all([pack("ZCARD", part.value) for part in SORTED_SETS])
    counts = {part: answer if isinstance(answer, int) else None for part, answer in zip(SORTED_SETS, answers, strict=True)}
    paused = frozenset(as_bytes_list(connection.call("SMEMBERS", "paused")))
    return OldSide(processes, public, read_queues(connection, public), counts, paused)


def read_new_side(connection: Connection, queues: frozenset[bytes]) -> NewSide:
    """As it is now; `queues`: names of the old side's. Raises what Connection.call raises."""
    wanted = {b"queue:" + name: b"list" for name in queues} | {part.value.encode(): b"zset" for part in SORTED_SETS} | {b"queues": b"set"}
    kinds = connection.call_all([pack("TYPE", key) for key in wanted])
    refusing = frozenset(key for (key, kind), found in zip(wanted.items(), kinds, strict=True) if found not in {kind, b"none"})
    return NewSide(read_processes(connection), refusing)
