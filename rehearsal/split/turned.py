"""When the last process of a side that fires cron may end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_TURNED = frozenset({"armed", "closing", "turned"})
_OVER = frozenset({"returning", "done"})
_GIVEN_UP = frozenset({"abandoning", "abandoned"})
# Schedulers notice an instance within a second.
_NOTICED_SECONDS = 1.0


def cron_has_turned(status: Mapping[str, Any], now: float) -> bool:
    """Whether the side that the pointer names fires cron: its gate's instant is past, or is given up on the way back, and then the old
    side never ceased to fire. `now`: seconds since 1970.
    """
    gate = status.get("gate") or {}
    phase, direction = gate.get("phase"), gate.get("direction")
    if status.get("stage") == "back" and direction == "forward":
        return phase in _GIVEN_UP
    if direction != ("back" if status.get("stage") == "back" else "forward"):
        return False
    return phase in _OVER or (phase in _TURNED and gate.get("instant", 0) < now - _NOTICED_SECONDS)
