"""The lease: on each server one key that says which engine may write. It is checked by every apply, and seen by every reading."""

from __future__ import annotations

from dataclasses import dataclass

from uplift.keyspace.follow.own_names import FLUSHED, LEASE, channel_of
from uplift.keyspace.follow.scripts import FORGET_FLUSH, RAISE_LEASE
from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.replies import as_bytes, as_int, as_list, as_optional_bytes


@dataclass(frozen=True, slots=True)
class Lease:
    """`epoch:owner`. The owner is part of it: two standbys may take one number at the same time."""

    epoch: int
    owner: str

    @property
    def text(self) -> bytes:
        """As it is kept on a server."""
        return f"{self.epoch}:{self.owner}".encode()

    def higher(self, epoch: int) -> Lease:
        """The same owner with an epoch above its own and another."""
        return Lease(max(self.epoch, epoch) + 1, self.owner)


@dataclass(frozen=True, slots=True)
class Raise:
    """What came of taking a lease: whether it is ours now, who had it (b"": nobody), and whether the server was flushed, now or
    before, and not every key was compared since.
    """

    is_ours: bool
    before: bytes
    is_marked: bool = False


def raise_lease(connection: Connection, database: int, lease: Lease, *, must_be_there: bool = False) -> Raise:
    """Take it on one server. `must_be_there`: where it is not, that is a flush, and is marked there. Raises what Script.call raises."""
    arguments = (lease.epoch, lease.owner, channel_of(database), int(must_be_there))
    done, before, marked = as_list(RAISE_LEASE.call(connection, [LEASE, FLUSHED], *arguments))
    return Raise(as_int(done) == 1, as_bytes(before), as_int(marked) == 1)


def forget_flush(connection: Connection, lease: Lease) -> None:
    """Every key was compared since: take the mark away, where the lease is still ours. Raises what Script.call raises."""
    FORGET_FLUSH.call(connection, [LEASE, FLUSHED], lease.text)


def held_epoch(connection: Connection) -> int:
    """The epoch of whoever holds it on one server; 0 where nobody does."""
    return epoch_of(as_optional_bytes(connection.ask("GET", LEASE)) or b"")


def epoch_of(text: bytes) -> int:
    """The epoch in a lease's text; 0 for what is none."""
    number = text.partition(b":")[0]
    return int(number) if number.isdigit() else 0


def owner_of(text: bytes) -> str:
    """The owner in a lease's text."""
    return text.partition(b":")[2].decode("ascii", "replace")


def is_fenced_by(mine: Lease, met: bytes) -> bool:
    """Whether a lease that was met ends an engine: another's, unless it is an older one, which a replica brought back that was promoted."""
    return owner_of(met) != mine.owner and epoch_of(met) >= mine.epoch
