"""Since when nobody uses a side: no foreign client, no event of an application, no heartbeat. It asks no server and no clock."""

from __future__ import annotations

from dataclasses import dataclass

from uplift.split.evidence.clients import Client

LONGEST_PAUSE_SECONDS = 30.0
"""Between two looks; what came and went in a longer one was not seen, so the time begins again."""
_MOST_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the side that is being left. `at`: monotonic seconds. `events`: how many events of applications the follow has counted
    so far; None while it has a gap, in which it may have missed some. `processes`: whose heartbeat is there.
    """

    at: float
    clients: tuple[Client, ...]
    events: int | None
    processes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QuietFacts:
    """As it is at a moment, times in seconds. `seconds`: how long the side has been quiet. `event_seconds`: since the last event; None
    where none came. `has_gap`: at the last look it was not known whether events were missed.
    """

    seconds: float
    clients: tuple[Client, ...]
    processes: tuple[str, ...]
    event_seconds: float | None
    has_gap: bool


class Quiet:
    """Nothing is quiet before the first look: what was before it, nobody saw."""

    def __init__(self) -> None:
        self._last: Look | None = None
        self._since = 0.0
        self._events: int | None = None
        self._event_at: float | None = None

    def take(self, look: Look) -> None:
        """One more look, later than those before."""
        if self._last is None or look.at - self._last.at > LONGEST_PAUSE_SECONDS:
            self._since = look.at
        if look.events is None:
            self._since = look.at
        elif self._events is not None and look.events != self._events:
            # Fewer than before were counted by an engine that began anew: what it missed nobody knows.
            self._since = look.at
            self._event_at = look.at if look.events > self._events else self._event_at
        self._events = self._events if look.events is None else look.events
        if look.clients or look.processes:
            self._since = look.at
        self._last = look

    def begin_again(self) -> None:
        """What was seen so far says nothing any more: another side is left now."""
        self._last = self._events = self._event_at = None

    def quiet_seconds(self, now: float) -> float:
        """For how long it has been quiet at `now`: up to the last look, and no longer once looks stay away."""
        if self._last is None or now - self._last.at > LONGEST_PAUSE_SECONDS or self._disturbs(self._last):
            return 0.0
        return max(0.0, self._last.at - self._since)

    @staticmethod
    def _disturbs(look: Look) -> bool:
        return bool(look.clients or look.processes or look.events is None)

    def facts(self, now: float) -> QuietFacts:
        """As it is at `now` (monotonic seconds)."""
        last = self._last
        if last is None:
            return QuietFacts(0.0, (), (), None, has_gap=True)
        event_seconds = None if self._event_at is None else max(0.0, now - self._event_at)
        return QuietFacts(self.quiet_seconds(now), last.clients, last.processes, event_seconds, last.events is None)


def why_not_moved(facts: QuietFacts, quiet_needed: float) -> list[str]:
    """What speaks against that nobody uses the side any more, a line each with who it is and what to do; none: it is moved.

    `quiet_needed` in seconds.
    """
    reasons = [
        f"client {client}: restart its process, or name it with --allow-client where it is none of the application's"
        for client in facts.clients[:_MOST_SHOWN]
    ]
    reasons += _more(len(facts.clients), "clients")
    reasons += [
        f"Sidekiq process {name} has a heartbeat there: stop it, or wait 60 s if it was killed" for name in facts.processes[:_MOST_SHOWN]
    ]
    reasons += _more(len(facts.processes), "Sidekiq processes")
    if facts.has_gap:
        reasons.append("events of that side may have been missed: the follow has a gap, which its next pass ends")
    if facts.event_seconds is not None and facts.event_seconds < quiet_needed:
        reasons.append(f"an application wrote there {facts.event_seconds:,.0f} s ago: no event is expected for {quiet_needed:,.0f} s")
    if not reasons and facts.seconds < quiet_needed:
        reasons.append(f"quiet for {facts.seconds:,.0f} s, expected: {quiet_needed:,.0f} s (--quiet)")
    return reasons


def _more(count: int, what: str) -> list[str]:
    return [f"and {count - _MOST_SHOWN:,} more {what}"] if count > _MOST_SHOWN else []
