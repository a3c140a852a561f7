"""An engine that stands by: it hears what the one that writes hears, and takes over when that one falls silent."""

from __future__ import annotations

import random
import struct
import time
from dataclasses import dataclass
from enum import Enum

from uplift.keyspace.follow.answering import STALL_SECONDS, Answering
from uplift.keyspace.follow.decision import Policy
from uplift.keyspace.follow.followed_server import FollowedServer
from uplift.keyspace.follow.gaps import Gaps, ResetKind
from uplift.keyspace.follow.streams import Streams
from uplift.keyspace.follow.told import Told, told_of

SILENCE_SECONDS = 1.0
"""So long no marker came from any side: the engine that writes says something ten times as often."""
_AT_MOST_TIMES = 5
"""So many times the patience, and it is silence, however often servers or this engine stood still meanwhile."""
_PASSES_UNTIL_COMPLETE = 2
_COLD_TIMES = 4
_BETWEEN_SETTLEMENTS_SECONDS = 0.1


class Heard(Enum):
    """What a standby knows of the engine that writes. SILENT: it may be taken over from."""

    NOT_READY = "not ready"
    ALIVE = "alive"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Inherited:
    """What an engine that takes over begins with."""

    policy: Policy
    passes: int
    is_warm: bool


class Standby:
    """`policy` is what the engine that writes told last. `is_warm`: every unsettled touch came over streams that were whole since."""

    def __init__(self, streams: Streams, policy: Policy) -> None:
        self.streams, self.policy = streams, policy
        self.is_warm = False
        self._first_heard: list[int | None] = [None] * len(streams.servers)
        self._told: Told | None = None
        self._has_heard = False
        self._passes_at_first = 0
        self._settled_at = 0.0
        self._since = time.monotonic()
        self._patience = SILENCE_SECONDS
        self._gap_counts = [server.gap_count for server in streams.servers]
        self._answering = [Answering() for _ in streams.servers]
        self._stepped_at = time.monotonic()
        self._stalled_at = 0.0

    def step(self) -> Heard:
        """Take what was told. Raises BadInput where a server must not be used."""
        servers = self.streams.servers
        for server in servers:
            server.make_ready()
        self.streams.drain()
        self._take_raises()
        for place, server in enumerate(servers):
            self._take_markers(place, server)
        if not all(server.is_ready for server in servers):
            self._since = time.monotonic()
            return Heard.NOT_READY
        return Heard.SILENT if self._is_silent() else Heard.ALIVE

    def _is_silent(self) -> bool:
        """Whether the engine that writes would have been heard: a server that stands still holds it up as well, and so does a machine that
        is held up itself.
        """
        now = time.monotonic()
        if now - self._stepped_at > STALL_SECONDS:
            self._stalled_at = now
        self._stepped_at = now
        for server, answering in zip(self.streams.servers, self._answering, strict=True):
            answering.look(server)
        if any(answering.is_awaited for answering in self._answering):
            # Nobody could take the lease there.
            return False
        # One that is not warm names what it cannot know: it gives an engine that is only slow more time.
        patience = self._patience if self.is_warm else self._patience * _COLD_TIMES
        heard_at = max(self._since, *(server.events.heard_at for server in self.streams.servers))
        awake_since = max(heard_at, self._stalled_at, *(answering.stalled_at for answering in self._answering))
        return now - awake_since > patience or now - heard_at > patience * _AT_MOST_TIMES

    def _take_raises(self) -> None:
        while self.streams.raised:
            server, raised = self.streams.raised.popleft()
            if raised.was_missing and not server.events.lease_was_removed:
                # Flushed: who took the lease may die before it tells.
                server.take_reset(ResetKind.FLUSH)
            server.events.lease_was_removed = False

    def _take_markers(self, place: int, server: FollowedServer) -> None:
        if server.gap_count != self._gap_counts[place]:
            self._gap_counts[place] = server.gap_count
            self._begin_anew(place)
        while server.events.marked:
            at = server.events.marked.popleft()
            if not self._has_heard:
                # Another engine leads: what this directory wrote down was before that.
                self._has_heard = True
                self.streams.forget_pasts()
            if self._first_heard[place] is None:
                self._first_heard[place] = at.marker.round
            if at.is_proven:
                server.take_whole_round(at.marker.round)
            if at.marker.told:
                self._take_told(at.marker.told)

    def _begin_anew(self, place: int) -> None:
        """Something was missed: what is held may be settled, and ends were lost, so that the base may be older than it says."""
        self.is_warm = False
        self._first_heard[place] = None
        self._told = None
        self.streams.forget_pasts()

    def _take_told(self, text: bytes) -> None:
        try:
            told, base_updates = told_of(text)
        except (ValueError, struct.error):
            # Another version's words: never warm.
            return
        if self._told is None:
            self._passes_at_first = told.passes
        self._told, self.policy = told, told.policy
        pasts = self.streams.pasts
        for one in base_updates:
            self.streams.put(one.key, one.source, one.target, one.life, one.round)
        if time.monotonic() - self._settled_at > _BETWEEN_SETTLEMENTS_SECONDS:
            # A look at every dirty key: not with every marker.
            self._settled_at = time.monotonic()
            for server in self.streams.servers:
                server.events.touches.settle_older(told.oldest)
        first = [round_ for round_ in self._first_heard if round_ is not None]
        if len(first) == len(self._first_heard) and max(first) <= told.oldest:
            self.is_warm = True
        if self.is_warm and told.passes >= self._passes_at_first + _PASSES_UNTIL_COMPLETE:
            pasts.complete_since, pasts.base.is_complete = told.complete_since, True

    def wait_longer(self) -> None:
        """Another standby was quicker, or the engine lives: try again after a while that no two choose alike."""
        self._since = time.monotonic()
        self._patience = SILENCE_SECONDS * random.uniform(1.0, 2.0)  # noqa: S311

    def inherit(self) -> Inherited:
        """Set the gaps that whoever takes over begins with: those that were told, and where this one is not warm, one on every side."""
        for place, server in enumerate(self.streams.servers):
            if self.is_warm and self._told is not None:
                # A reset this one saw itself says which keys it touched.
                own = [reset for reset in server.gaps.resets if reset.last is None]
                opened = server.gaps.opened
                server.gaps = self._told.gaps[place].inherited()
                server.gaps.resets += own
                server.gaps.opened = opened if server.gaps.opened is None else server.gaps.opened
            else:
                server.gaps = Gaps(0, [], server.gaps.resets)
        return Inherited(self.policy, self._told.passes if self._told is not None else 0, self.is_warm)
