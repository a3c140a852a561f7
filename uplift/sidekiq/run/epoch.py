"""The epoch: every ledger has one, and what is sent by whoever has not the latest is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.replies import ErrorReply, Reply, as_bytes, as_int, as_list, as_optional_bytes
from uplift.keyspace.server.scripts import lua_text, script_of
from uplift.sidekiq.run.interruptions import AnotherMover, BeginAgain, answered

Era = Callable[[], int | None]
"""Which of several engines works, as one order of all of them: a higher number began later. None: this one works at nothing now."""

EPOCHS_OF_AN_ERA = 1_000_000
"""More than a mover begins anew while one engine works."""

RAISE_EPOCH = script_of(lua_text("raise_epoch.lua", "uplift.sidekiq.run"))


def next_epoch(found: int, era: int | None) -> int:
    """What follows the highest epoch that a ledger has. `era` None: there is no order but the epochs' own.

    Raises AnotherMover where a later era's engine has begun, so that an earlier one never takes a ledger again.
    """
    if era is None:
        return found + 1
    if found // EPOCHS_OF_AN_ERA > era:
        raise AnotherMover
    return max(found, era * EPOCHS_OF_AN_ERA) + 1


def current_era(era: Era | None) -> int | None:
    """None where there is no such order. Raises BeginAgain where there is one, and its engine works at nothing now."""
    if era is None:
        return None
    if (now := era()) is None:
        raise BeginAgain("the engine that this belongs to does not lead now")
    return now


def raise_epoch(connection: Connection, ledger: bytes, epoch: int, *missing: str | int) -> None:
    """Take a ledger; `missing` are fields and values to be set where they are not there. Raises BeginAgain where somebody has this epoch or
    a higher one.
    """
    if not as_int(RAISE_EPOCH.call(connection, [ledger], epoch, *missing)):
        raise BeginAgain("somebody else began at the same time")


def under_epoch(reply: Reply | ErrorReply, epoch: int) -> list[Reply]:
    """What a script answered that looks at the epoch first. Raises AnotherMover where somebody has a higher one, BeginAgain where the
    server has forgotten it, and for an error.
    """
    answer = as_list(answered(reply))
    if as_bytes(answer[0]) == b"epoch":
        refuse_epoch(as_optional_bytes(answer[1]), epoch)
    return answer


def refuse_epoch(held: bytes | None, epoch: int) -> NoReturn:
    """`held`: what a ledger has in place of this epoch. Raises AnotherMover or BeginAgain."""
    if held and int(held) > epoch:
        raise AnotherMover
    raise BeginAgain("a server has forgotten this mover's epoch")
