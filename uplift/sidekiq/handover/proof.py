"""The proof that a handover is over: nothing left, nothing in an outbox or held, and every counter that was taken was added."""

from __future__ import annotations

from dataclasses import dataclass

from uplift.keyspace.server.connection import CLIENT_NAME, Connection, pack
from uplift.keyspace.server.replies import as_bytes, as_bytes_list, as_int, as_optional_bytes
from uplift.sidekiq.handover.remaining import Remaining, read_remaining
from uplift.sidekiq.handover.wishes import SORTED_SETS
from uplift.sidekiq.keys.shown_names import shown_name
from uplift.sidekiq.run.interruptions import answered
from uplift.sidekiq.run.own_names import OwnNames

_COMMANDS_OF_SIDEKIQ = frozenset(
    {"brpop", "rpop", "lpush", "rpush", "lmove", "blmove", "rpoplpush", "brpoplpush", "zadd", "zrem", "zrangebyscore", "sadd", "evalsha"}
)


@dataclass(frozen=True, slots=True)
class Proof:
    """`open_chunks`: taken and not both applied and confirmed. `held`: jobs that wait on the target behind their twins. `sums_differ`:
    names of counters of which not all that was taken was added. `clients`: addresses of others whose last command on the old side was one
    of Sidekiq's, with it.
    """

    remaining: Remaining
    open_chunks: int
    held: int
    batches: int
    sums_differ: tuple[bytes, ...]
    clients: tuple[str, ...]

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
            (len(self.clients), f"clients that work with Sidekiq's keys on the old side: {', '.join(self.clients)}"),
        ]
        return tuple(text for count, text in found if count)


def read_proof(source: Connection, target: Connection, names: OwnNames, *, private: tuple[bytes, ...] = (), batches: int = 0) -> Proof:
    """As both sides are now; `private`: keys of private queues of the old side, and how many `batches` are there. Raises what
    Connection.call raises, and BeginAgain.
    """
    remaining = read_remaining(source, names, private)
    applied = as_optional_bytes(target.call("HGET", names.target_ledger, "applied"))
    unapplied = max(0, remaining.following - 1 - int(applied or 0))
    held = target.call_all([pack("LLEN", names.held(part.value.encode())) for part in SORTED_SETS])
    taken, added = _sums(source, names.taken_sums), _sums(target, names.applied_sums)
    differ = tuple(sorted(name for name in taken | added if taken.get(name) != added.get(name)))
    return Proof(
        remaining,
        max(remaining.unconfirmed, unapplied),
        sum(as_int(answered(one)) for one in held) // 2,
        batches,
        differ,
        _clients_of_sidekiq(source),
    )


def _sums(connection: Connection, key: bytes) -> dict[bytes, int]:
    flat = as_bytes_list(connection.call("HGETALL", key))
    return {name: int(number) for name, number in zip(flat[::2], flat[1::2], strict=True)}


def _clients_of_sidekiq(connection: Connection) -> tuple[str, ...]:
    """Of CLIENT LIST, in this database; other commands, such as those of a cache on the same server, are none of a handover's business."""
    found = []
    for line in as_bytes(connection.call("CLIENT", "LIST")).decode("utf-8", "replace").splitlines():
        fields = dict(pair.partition("=")[::2] for pair in line.split(" "))
        is_ours = fields.get("name", "").startswith(CLIENT_NAME) or fields.get("db") != str(connection.database)
        if fields.get("cmd") in _COMMANDS_OF_SIDEKIQ and not is_ours:
            found.append(f"{fields.get('addr', '?')} ({fields.get('cmd')})")
    return tuple(sorted(found))
