"""Enterprise's unique locks, `unique:DIGEST` with the jid of the job that holds it: a job leaves only with its lock.

A lock that stays behind its job blocks the next one of its kind until it expires, and a job without its lock has a second one beside it.
The form is reconstructed, and was tried with simulated locks alone. Uniqueness across both sides while both produce does not exist.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from uplift.keyspace.server.connection import Connection, pack
from uplift.keyspace.server.replies import as_hash, as_int, as_list
from uplift.sidekiq.keys.job_payload import jids_in
from uplift.sidekiq.mover.chunk import Chunk
from uplift.sidekiq.mover.scripts import COPY_LOCKS, DROP_LOCKS
from uplift.sidekiq.mover.source_side import SourceSide
from uplift.sidekiq.mover.target_side import TargetSide
from uplift.sidekiq.run.epoch import under_epoch
from uplift.sidekiq.run.interruptions import answered

LOCK_PREFIX = b"unique:"
_MAY_HAVE_LOCK = b'"unique_for"'
_SHARE_OF_LOOKS = 0.1
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Lock:
    """As it is on a server: who holds it, and ms it has still to live."""

    name: bytes
    jid: bytes
    life: int


@dataclass(slots=True)
class Locks:
    """Which locks jobs of the old side hold, as they were read last. `look` gives the names of all locks there are now."""

    look: Callable[[], tuple[bytes, ...]]
    _by_jid: dict[bytes, list[bytes]] = field(default_factory=dict)
    _may_look_at: float = float("-inf")

    def carry(self, source: SourceSide, target: TargetSide, chunks: list[Chunk]) -> None:
        """Set the locks of jobs that are about to be applied on the target. Raises BeginAgain, AnotherMover.

        Where another job holds it there, the lock of the source goes: nobody there may wait for a job that has left.
        """
        jids = _jids_of(chunks)
        if not jids:
            return
        if any(jid not in self._by_jid for jid in jids) and time.monotonic() >= self._may_look_at:
            self._look_again(source.connection)
        names = [name for jid in jids for name in self._by_jid.get(jid, ())]
        self._copied(source, target, [lock for lock in read_locks(source.connection, names) if lock.jid in jids], drops=True)

    def _look_again(self, connection: Connection) -> None:
        """A walk over all keys: seconds on a big server, so that it gets a tenth of the time."""
        began = time.monotonic()
        self.read(connection, self.look())
        ended = time.monotonic()
        self._may_look_at = ended + (ended - began) / _SHARE_OF_LOOKS

    def read(self, connection: Connection, names: tuple[bytes, ...]) -> list[Lock]:
        """Which job holds which of these locks; remembered."""
        locks = read_locks(connection, list(names))
        self._by_jid = {}
        for lock in locks:
            self._by_jid.setdefault(lock.jid, []).append(lock.name)
        return locks

    def in_a_round(self, source: SourceSide, target: TargetSide, names: tuple[bytes, ...]) -> int:
        """Copy early what is not on the target yet, and let go on one side of what is gone on the other. How many are on both sides."""
        recorded = _recorded(target)
        # A survey may be a minute old, or not have all of them.
        here = {lock.name: lock for lock in self.read(source.connection, tuple(dict.fromkeys((*names, *recorded))))}
        there = {lock.name: lock for lock in read_locks(target.connection, list(recorded))}
        is_over_here = [name for name, jid in recorded.items() if name not in here or here[name].jid != jid]
        is_over_there = [name for name, jid in recorded.items() if name not in there or there[name].jid != jid]
        _drop(source, source.names.source_ledger, [(name, recorded[name]) for name in is_over_there])
        is_over = sorted({*is_over_here, *is_over_there})
        # Where it is gone on the target, nothing holds the jid any more, and what was written down goes alone.
        _drop(target, target.names.target_ledger, [(name, recorded[name]) for name in is_over])
        self._copied(source, target, [lock for lock in here.values() if lock.name not in recorded], drops=False)
        return len(recorded) - len(is_over)

    def _copied(self, source: SourceSide, target: TargetSide, locks: list[Lock], *, drops: bool) -> None:
        for first in range(0, len(locks), _AT_ONCE):
            some = locks[first : first + _AT_ONCE]
            keys = [target.names.target_ledger, target.names.locks, *[lock.name for lock in some]]
            words = [word for lock in some for word in (lock.jid, max(1, lock.life))]
            held = as_list(under_epoch(COPY_LOCKS.call(target.connection, keys, target.epoch, *words), target.epoch)[1])
            lost = [(lock.name, lock.jid) for lock, is_its in zip(some, held, strict=True) if not is_its]
            if drops:
                _drop(source, source.names.source_ledger, lost)


def _jids_of(chunks: list[Chunk]) -> frozenset[bytes]:
    return frozenset(jid for chunk in chunks for job in chunk.payloads if _MAY_HAVE_LOCK in job for jid in jids_in(job))


def read_locks(connection: Connection, names: list[bytes]) -> list[Lock]:
    """Those of them that are there, and expire. Raises BeginAgain, SourceUnreachable."""
    locks = []
    for first in range(0, len(names), _AT_ONCE):
        some = names[first : first + _AT_ONCE]
        replies = connection.call_all([request for name in some for request in (pack("GET", name), pack("PTTL", name))])
        for name, jid, life in zip(some, replies[::2], replies[1::2], strict=True):
            # What is no string is none of these locks.
            if isinstance(jid, bytes) and (milliseconds := as_int(answered(life))) > 0:
                locks.append(Lock(name, jid, milliseconds))
    return locks


def _recorded(target: TargetSide) -> dict[bytes, bytes]:
    return as_hash(target.connection.call("HGETALL", target.names.locks))


def _drop(side: SourceSide | TargetSide, ledger: bytes, locks: list[tuple[bytes, bytes]]) -> None:
    for first in range(0, len(locks), _AT_ONCE):
        some = locks[first : first + _AT_ONCE]
        keys, jids = [name for name, _ in some], [jid for _, jid in some]
        under_epoch(DROP_LOCKS.call(side.connection, [ledger, side.names.locks, *keys], side.epoch, *jids), side.epoch)
