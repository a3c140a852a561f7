"""Servers that are taken to be far away: what is under way to them is as much as over a long path, on servers that answer at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from uplift.keyspace.server import facts
from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.facts import Distance, measure_distance

ROUND_TRIP_SECONDS = 0.02


def pretend_far(monkeypatch: pytest.MonkeyPatch, round_trip_seconds: float = ROUND_TRIP_SECONDS) -> None:
    """From now on every server that is opened is so far away."""

    def far(connection: Connection) -> Distance:
        return replace(measure_distance(connection), round_trip=round_trip_seconds)

    monkeypatch.setattr(facts, "measure_distance", far)
