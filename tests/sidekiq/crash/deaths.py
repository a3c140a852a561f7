"""How a mover dies, in a process of its own: SIGKILL before a send, half a send in, after it, after the reply; and cut connections."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from uplift.keyspace.server.connection import Connection, ConnectionLost
from uplift.keyspace.server.replies import ErrorReply, Reply

# A connection that begins asks 2 + 10 scripts and 8 more; then 2 to 4 sends a step.
_MOST_SENDS = 60


class When(Enum):
    """Of a send."""

    BEFORE = "before a send"
    HALF = "half a send in"
    AFTER = "after a send"
    REPLIED = "after a reply"
    BY_OTHERS = "at random, by another process"


@dataclass(frozen=True, slots=True)
class Death:
    """At the `at`-th send of a process; `cuts`: sends before it that lose their connection, in the same four ways."""

    when: When
    at: int
    cuts: dict[int, When]


def drawn(draws: random.Random) -> Death:
    """Most deaths are where work is done."""
    at = draws.randrange(_MOST_SENDS)
    ways = [When.BEFORE, When.HALF, When.AFTER, When.REPLIED]
    cuts = {draws.randrange(at): draws.choice(ways) for _ in range(draws.randrange(3)) if at}
    return Death(draws.choice(list(When)), at, cuts)


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arm(death: Death, was_cut: Callable[[], None]) -> None:
    """From now on this process dies so."""
    send, read_many = Connection.send, Connection.read_many
    sends = 0
    replied: Connection | None = None

    def breaking(connection: Connection, data: bytes) -> None:
        nonlocal sends, replied
        number, sends = sends, sends + 1
        # A reply may never come: then it dies at a later send.
        is_last = number >= death.at and death.when is not When.BY_OTHERS
        when = death.when if is_last else death.cuts.get(number)
        if when is None or when is When.REPLIED:
            send(connection, data)
            replied = connection if when is When.REPLIED else replied
            return
        send(connection, {When.BEFORE: b"", When.HALF: data[: len(data) // 2]}.get(when, data))
        if is_last:
            _kill()
        cut(connection)

    def reading(connection: Connection, count: int) -> list[Reply | ErrorReply]:
        nonlocal replied
        replies = read_many(connection, count)
        if replied is connection:
            replied = None
            if sends > death.at:
                _kill()
            cut(connection)
        return replies

    def cut(connection: Connection) -> None:
        was_cut()
        connection.close()
        raise ConnectionLost("cut by the test", connection)

    Connection.send = breaking  # type: ignore[assignment, method-assign]
    Connection.read_many = reading  # type: ignore[assignment, method-assign]
