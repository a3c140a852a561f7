"""Sidekiq processes that live on a side, by what they say of themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LiveProcess:
    """`beat` is the moment of its last heartbeat in seconds since 1970, None where it is not readable; a quiet one fires no cron."""

    identity: bytes
    beat: float | None
    is_quiet: bool


def live_process(identity: bytes, fields: Mapping[bytes, bytes | None]) -> LiveProcess | None:
    """A member of `processes` with `info`, `beat` and `quiet` of its hash; None where the hash is gone.

    A killed process stays in `processes`: only its hash, which expires 60 s after the last beat, says that it lives (sidekiq launcher.rb).
    A process that was told to be quiet stops its scheduler (sidekiq-scheduler 3.0.1 lib/sidekiq-scheduler.rb; sidekiq-cron launcher.rb);
    with sidekiq-scheduler 2.1 only at its end.
    """
    if not any(value is not None for value in fields.values()):
        return None
    return LiveProcess(identity, _number(fields.get(b"beat")), fields.get(b"quiet") == b"true")


def _number(text: bytes | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None
