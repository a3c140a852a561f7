"""What a gate is made of, from what a person typed: when it turns, and where cron's keys are."""

from __future__ import annotations

import os
import time
from datetime import datetime

from uplift.cli.options.sidekiq_sides import Side
from uplift.errors import BadInput, NotSafe
from uplift.keyspace.server.connection import connected
from uplift.keyspace.server.replies import as_time
from uplift.sidekiq.gate.gate import Gate, GateWish
from uplift.sidekiq.gate.servers import GateServers
from uplift.sidekiq.schedulers.reading import WhereToLook, cron_namespaces

_MOST_CLOCK_SECONDS = 3.0
_MOST_DAYS_AHEAD = 400


def moment_of(text: str, option: str) -> float:
    """A time in seconds since 1970; `now` is one. Raises BadInput naming the option."""
    if text == "now":
        return time.time()
    try:
        moment = datetime.fromisoformat(text)
        seconds = moment.timestamp()
    except (ValueError, OverflowError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise BadInput(f"{option} {text}: allowed: ISO 8601 with a zone, such as 2026-12-01T03:30:00Z or 2026-11-30T22:30:00-05:00, or now")
    if seconds > time.time() + _MOST_DAYS_AHEAD * 86_400:
        raise BadInput(f"{option} {text}: allowed: at most {_MOST_DAYS_AHEAD} days ahead")
    return seconds


def opened_gate(sides: tuple[Side, Side], run: str, wish: GateWish, scheduler_prefix: str) -> Gate:
    """A gate of this run. Raises NotSafe where a server's clock is not this machine's, SourceUnreachable."""
    where = WhereToLook(os.fsencode(scheduler_prefix.rstrip(":")), _namespaces(sides))
    here, there = sides
    return Gate(GateServers(here.endpoint, there.endpoint, here.database, where), run.encode(), wish)


def _namespaces(sides: tuple[Side, Side]) -> tuple[bytes, ...]:
    """Those of sidekiq-cron 2 on either server."""
    found: set[bytes] = set()
    for side in sides:
        with connected(side.endpoint, database=side.database) as connection:
            apart = abs(time.time() - as_time(connection.ask("TIME")) / 1e6)
            if apart > _MOST_CLOCK_SECONDS:
                raise NotSafe(
                    f"the clocks of this machine and of {side.endpoint} differ by {apart:.1f} s, expected: at most "
                    f"{_MOST_CLOCK_SECONDS:g} s; an instant is one"
                )
            found.update(cron_namespaces(connection))
    return tuple(sorted(found))
