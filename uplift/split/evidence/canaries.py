"""Canaries: a key written on one side and awaited on the other shows that the follow carries what is written, this very minute.

They are written as an application writes, over a connection of their own. One way only what is on the old side arrives, and a canary of the
new side would be a foreign write there: they begin once the run goes both ways. Their events count as an application's, so they rest while
the silence of a side is to be shown.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from uplift.errors import UpliftError
from uplift.keyspace.keymap.model import Action, KeyMap, Match, RuleText, TtlClass
from uplift.keyspace.keymap.own_keys import SPLIT_PREFIX
from uplift.keyspace.server.connection import Connection, Patience
from uplift.keyspace.server.endpoint import Endpoint
from uplift.keyspace.server.replies import as_optional_bytes

WrittenOn = Literal["old", "new"]
_SIDES: tuple[WrittenOn, ...] = ("old", "new")
TTL_MILLISECONDS = 600_000
"""Whatever happens to the run, nothing of them stays."""
AGAIN_SECONDS = 30.0
LATE_SECONDS = 30.0
_LOOK_SECONDS = 0.1
_TIMEOUT_SECONDS = 2.0
_TRY_AGAIN_SECONDS = 2.0


def canary_name(target: str, written_on: WrittenOn) -> bytes:
    """Of one followed target and direction; both sides know it by this name."""
    return SPLIT_PREFIX + f"canary:{target}:{written_on}".encode()


def with_canary_rules(keymap: KeyMap) -> KeyMap:
    """The map a follow is given: in it canaries of every followed target are keys like others. A target that a handover moves has none.

    To everybody else, who works with the map as it was written, canaries are Uplift's own keys: not copied, compared or counted.
    """
    handed_over = {rule.to for rule in keymap.rules if rule.action is Action.HANDOVER}
    canaries = tuple(
        RuleText(
            name=f"uplift-canary-{number}",
            match=Match(exact=tuple(canary_name(target, side).decode() for side in _SIDES)),
            to=target,
            ttl=TtlClass.EXPIRES,
            overlaps=("*",),
            source="uplift split",
            reason="shows that what is written on one side arrives on the other",
        )
        for number, target in enumerate(keymap.destinations)
        if target not in handed_over
    )
    return keymap.model_copy(update={"rules": (*canaries, *keymap.rules)})


@dataclass(frozen=True, slots=True)
class Way:
    """One direction of one followed target, by the side that is written."""

    target: str
    written_on: WrittenOn

    def __str__(self) -> str:
        """For a person."""
        return f"{self.target}, {self.written_on} side to {'new' if self.written_on == 'old' else 'old'} side"


@dataclass(frozen=True, slots=True)
class Arrived:
    """The latest canary of a way: how long it took, in seconds, as far as looks every tenth of a second can say; when (Unix seconds)."""

    seconds: float
    at: float


@dataclass(frozen=True, slots=True)
class CanaryPlace:
    """One followed target, with its database on both sides."""

    target: str
    old: Endpoint
    new: Endpoint
    database: int = 0

    def endpoint(self, side: WrittenOn) -> Endpoint:
        """The server of a side."""
        return self.old if side == "old" else self.new


@dataclass(slots=True)
class _UnderWay:
    """`set_at`: when it was written last; what was decided in a gap may have taken it away."""

    token: bytes
    sent_at: float
    set_at: float


class Canaries:
    """`arrived` by way, the latest; `problem`: what keeps one from being written or seen, or how late it is; None where nothing does."""

    def __init__(self, places: Iterable[CanaryPlace], *, again_seconds: float = AGAIN_SECONDS) -> None:
        """`again_seconds`: after so long the next one is sent on each way. Nothing is written before the first `step`."""
        self.arrived: dict[Way, Arrived] = {}
        self.problem: str | None = None
        self._places = {place.target: place for place in places}
        self._again_seconds = again_seconds
        self._under_way: dict[Way, _UnderWay] = {}
        self._next_at: dict[Way, float] = {way: float("-inf") for way in self.ways}
        self._look_at = float("-inf")
        self._connections: dict[tuple[str, WrittenOn], Connection] = {}

    @property
    def ways(self) -> list[Way]:
        """Both directions of every target."""
        return [Way(target, side) for target in self._places for side in _SIDES]

    @property
    def have_arrived(self) -> bool:
        """Whether one has arrived on every way, and none is late."""
        return self.problem is None and all(way in self.arrived for way in self.ways)

    def step(self, now: float) -> None:
        """Send what is due and look for what is awaited: a few round trips, ten times a second at most. `now`: monotonic seconds."""
        if now < self._look_at:
            return
        self._look_at = now + _LOOK_SECONDS
        problems = []
        for way in self.ways:
            try:
                self._step_of(way, now)
            except UpliftError as problem:
                self._forget_connections(way.target)
                self._look_at = now + _TRY_AGAIN_SECONDS
                problems.append(f"canary of {way}: {problem}")
                continue
            under_way = self._under_way.get(way)
            if under_way is not None and now - under_way.sent_at > LATE_SECONDS:
                problems.append(f"canary of {way}: not there after {now - under_way.sent_at:.0f} s, expected: within {LATE_SECONDS:.0f} s")
        self.problem = problems[0] if problems else None

    def _step_of(self, way: Way, now: float) -> None:
        name = canary_name(way.target, way.written_on)
        under_way = self._under_way.get(way)
        if under_way is None and now >= self._next_at[way]:
            under_way = _UnderWay(secrets.token_hex(8).encode(), now, now)
            self._write(way, under_way)
            self._under_way[way] = under_way
            return
        if under_way is None:
            return
        other: WrittenOn = "new" if way.written_on == "old" else "old"
        if as_optional_bytes(self._connection(way.target, other).call("GET", name)) == under_way.token:
            self.arrived[way] = Arrived(max(0.0, now - under_way.sent_at), time.time())
            del self._under_way[way]
            self._next_at[way] = now + self._again_seconds
        elif now - under_way.set_at > LATE_SECONDS:
            # It may have been removed, or expire, and would never arrive then; its age is what is told.
            self._write(way, under_way)
            under_way.set_at = now

    def _write(self, way: Way, under_way: _UnderWay) -> None:
        name = canary_name(way.target, way.written_on)
        self._connection(way.target, way.written_on).call("SET", name, under_way.token, "PX", TTL_MILLISECONDS)

    def _connection(self, target: str, side: WrittenOn) -> Connection:
        if (target, side) not in self._connections:
            place = self._places[target]
            self._connections[target, side] = Connection(
                place.endpoint(side), database=place.database, timeout_seconds=_TIMEOUT_SECONDS, patience=Patience(0.0, 0.0)
            )
        return self._connections[target, side]

    def _forget_connections(self, target: str) -> None:
        for side in _SIDES:
            if (connection := self._connections.pop((target, side), None)) is not None:
                connection.close()

    def rest(self) -> None:
        """Send none until the next `step`, and forget what was under way; what arrived stays known."""
        self._under_way.clear()

    def close(self) -> None:
        """Remove them from both sides and let go; what cannot be reached expires within ten minutes. Raises nothing."""
        for target in self._places:
            names = [canary_name(target, side) for side in _SIDES]
            for side in _SIDES:
                with suppress(UpliftError):
                    self._connection(target, side).call("DEL", *names)
            self._forget_connections(target)
        self.rest()
