"""Durations in words."""

from __future__ import annotations

import math

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def spoken(seconds: float) -> str:
    """In the two largest units, such as `20 d 12 h`; below nothing is nothing."""
    left = max(0, math.floor(seconds))
    for place, (size, name) in enumerate(_UNITS):
        if left >= size:
            whole, rest = divmod(left, size)
            smaller, small = _UNITS[place + 1] if place + 1 < len(_UNITS) else (1, "")
            return f"{whole} {name}" + (f" {rest // smaller} {small}" if rest // smaller and small else "")
    return "0 s"
