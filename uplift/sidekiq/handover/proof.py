"""The proof that a handover is over: nothing left, nothing in an outbox or held, and every counter that was taken was added."""

from __future__ import annotations

from dataclasses import dataclass

from uplift.keyspace.server.connection import CLIENT_NAME, Connection, pack
from uplift.keyspace.server.replies import as_bytes, as_hash, as_int
from uplift.sidekiq.handover.remaining import Remaining, read_remaining
from uplift.sidekiq.handover.wishes import SORTED_SETS
from uplift.sidekiq.keys.shown_names import shown_name
from uplift.sidekiq.mover.resuming import Stop, resume
from uplift.sidekiq.mover.source_side import read_source_ledger
from uplift.sidekiq.mover.target_side import read_target_ledger
from uplift.sidekiq.run.interruptions import answered
from uplift.sidekiq.run.own_names import OwnNames

_COMMANDS_OF_SIDEKIQ = frozenset(
    {
        "brpop",
        "rpop",
        "lpush",
        "rpush",
        "lmove",
        "blmove",
        "rpoplpush",
        "brpoplpush",
        "zadd",
        "zrem",
        "zrangebyscore",
        "sadd",
        "evalsha",
        "exec",
    }
)


@dataclass(frozen=True, slots=True)
class Proof:
    """`open_chunks`: taken and not both applied and confirmed. `held`: jobs that wait on the target behind their twins. `sums_differ`:
    names of counters of which not all that was taken was added. `clients`: addresses of others on the old side, each with its last command,
    that may be one of Sidekiq's. `stop`: why a mover that began now would stop.
    """

    remaining: Remaining
    open_chunks: int
    held: int
    batches: int
    sums_differ: tuple[bytes, ...]
    clients: tuple[str, ...]
    stop: Stop | None = None

    @property
    def problems(self) -> tuple[str, ...]:
        """What speaks against it, a line each; none: it is over."""
        left = self.remaining
        found = [
            (left.queued, f"{left.queued:,} jobs in queues of the old side"),
            (left.in_sorted_sets, f"{left.in_sorted_sets:,} jobs in retry, schedule and dead of the old side"),
            (left.private, f"{left.private:,} jobs in private queues of the old side"),
            (left.alive, f"{left.alive:,} processes of the old side have a heartbeat"),
            (self.open_chunks, f"{self.open_chunks:,} chunks are in outboxes: run the handover again, which takes them up"),
            (self.batches, f"{self.batches:,} open batches are on the old side: they move once no process is left there"),
            (self.held, f"{self.held:,} jobs are held back on the new side behind the same job with another score"),
            (len(self.sums_differ), f"statistics of which not all was added: {', '.join(map(shown_name, self.sums_differ))}"),
        ]
        if self.stop is not None:
            found.append((1, f"{self.stop.reason}: chunks {self.stop.numbers.start} to {self.stop.numbers.stop - 1}"))
        return tuple(text for count, text in found if count)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know, and what speaks against nothing by itself: a cache on the same server has such clients too."""
        clients = f"clients whose last command may be one of Sidekiq's, on the old side: {', '.join(self.clients)}"
        return (clients,) if self.clients else ()


def read_proof(source: Connection, target: Connection, names: OwnNames, *, private: tuple[bytes, ...] = (), batches: int = 0) -> Proof:
    """As both sides are now; `private`: keys of private queues of the old side, and how many `batches` are there. Raises what
    Connection.call raises, and BeginAgain.
    """
    remaining = read_remaining(source, names, private)
    here, there = read_source_ledger(source, names), read_target_ledger(target, names)
    found = resume(here, there, here.epoch)
    unapplied = here.following - 1 - (there.applied or 0)
    held = target.call_all([pack("LLEN", names.held(part.value.encode())) for part in SORTED_SETS])
    taken, added = _sums(source, names.taken_sums), _sums(target, names.applied_sums)
    differ = tuple(sorted(name for name in taken | added if taken.get(name) != added.get(name)))
    return Proof(
        remaining,
        max(remaining.unconfirmed, unapplied, 0),
        sum(as_int(answered(one)) for one in held) // 2,
        batches,
        differ,
        _clients_of_sidekiq(source),
        found if isinstance(found, Stop) and (here.epoch or there.epoch) else None,
    )


def _sums(connection: Connection, key: bytes) -> dict[bytes, int]:
    return {name: int(number) for name, number in as_hash(connection.call("HGETALL", key)).items()}


def _clients_of_sidekiq(connection: Connection) -> tuple[str, ...]:
    """Of CLIENT LIST, in this database; other commands, such as those of a cache on the same server, are none of a handover's business."""
    found = []
    for line in as_bytes(connection.call("CLIENT", "LIST")).decode("utf-8", "replace").splitlines():
        fields = dict(pair.partition("=")[::2] for pair in line.split(" "))
        is_ours = fields.get("name", "").startswith(CLIENT_NAME) or fields.get("db") != str(connection.database)
        if fields.get("cmd") in _COMMANDS_OF_SIDEKIQ and not is_ours:
            found.append(f"{fields.get('addr', '?')} ({fields.get('cmd')})")
    return tuple(sorted(found))
