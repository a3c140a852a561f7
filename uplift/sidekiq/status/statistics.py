"""What Sidekiq counts: jobs processed and failed, ever and by day."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from uplift.keyspace.server.connection import Connection, pack
from uplift.keyspace.server.replies import Reply
from uplift.sidekiq.keys.wrong_type import unless_wrong_type

_DAY = re.compile(rb"stat:(?:processed|failed):([0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{8})")


@dataclass(frozen=True, slots=True)
class Statistics:
    """`processed` and `failed`: None where the key is no number. `days`: days that have counts; `first_day` as its key writes it."""

    processed: int | None
    failed: int | None
    days: int
    first_day: str | None


def read_statistics(connection: Connection, keys: Iterable[bytes]) -> Statistics:
    """`keys`: those that begin with `stat:`. Raises what Connection.call raises."""
    processed, failed = (
        _number(unless_wrong_type(answer)) for answer in connection.call_all([pack("GET", "stat:processed"), pack("GET", "stat:failed")])
    )
    days = sorted({found[1].decode() for key in keys if (found := _DAY.fullmatch(key)) is not None})
    return Statistics(processed, failed, len(days), days[0] if days else None)


def _number(answer: Reply) -> int | None:
    if answer is None:
        return 0
    try:
        return int(answer) if isinstance(answer, bytes) else None
    except ValueError:
        return None
