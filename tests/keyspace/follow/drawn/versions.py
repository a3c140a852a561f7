"""Which servers a run has."""

from __future__ import annotations

import random

_VERSIONS = (("3.2.6", "5.0.6"),) * 4 + (("3.2.6", "8.2.3"), ("5.0.6", "valkey-9.1.2"), ("3.2.6", "6.2.14"))
_SKEWS = ((0, 0),) * 5 + ((0, 5), (5, 0))


def drawn_versions(seed: int) -> tuple[str, str]:
    """The versions of the source and the target."""
    return _drawn(seed)[0]


def drawn_skews(seed: int) -> tuple[int, int]:
    """By how many seconds their clocks are ahead."""
    return _drawn(seed)[1]


def _drawn(seed: int) -> tuple[tuple[str, str], tuple[int, int]]:
    draws = random.Random(f"{seed} servers")
    return draws.choice(_VERSIONS), draws.choice(_SKEWS)
