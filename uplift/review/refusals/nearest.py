"""The name that was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`; did you mean NAME?`, empty where nothing is near."""
    near = difflib.get_close_matches(name, list(known), 1, 0.75)
    return f"; did you mean {near[0]}?" if near else ""
