"""Firing times as sidekiq-scheduler writes them: the text of a Ruby Time, or of an EtOrbi::EoTime, with a zone."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_TIME = re.compile(rb"(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.\d+)?\s*(UTC|Z|[+-]\d\d:?\d\d)")


def firing_time(text: bytes | None) -> int | None:
    """Seconds since 1970; None where it is no time. Survives any bytes.

    `2026-12-01 03:05:00 UTC`, `… +0000`, `… -05:00 America/New_York` (Time#to_s; et-orbi's EoTime#to_s).
    """
    found = _TIME.match(text or b"")
    if found is None:
        return None
    *numbers, zone = found.groups()
    year, month, day, hour, minute, second = (int(one) for one in numbers)
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    return int(moment.timestamp()) - _offset(zone)


def _offset(zone: bytes) -> int:
    if zone in {b"UTC", b"Z"}:
        return 0
    digits = zone[1:].replace(b":", b"")
    seconds = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return -seconds if zone.startswith(b"-") else seconds
