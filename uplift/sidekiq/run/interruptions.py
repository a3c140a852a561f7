"""Why a piece of a mover's work came to nothing."""

from __future__ import annotations

from uplift.keyspace.server.replies import ErrorReply, Reply


class BeginAgain(Exception):
    """What was sent may have taken place or not: forget everything in memory, connect anew and read the ledgers. It says why."""


class AnotherMover(Exception):
    """A ledger has a higher epoch: another mover works, and this one is to do nothing more."""


def answered(reply: Reply | ErrorReply) -> Reply:
    """A reply that is no error. Raises BeginAgain."""
    if isinstance(reply, ErrorReply):
        raise BeginAgain(str(reply))
    return reply
