"""After finish, for as long as somebody lets it run: who still writes to legacy, or is connected to it."""

from __future__ import annotations

import time
from collections import Counter

from uplift.errors import SourceUnreachable
from uplift.keyspace.keymap.known_words import words_of
from uplift.keyspace.server.connection import connected
from uplift.keyspace.server.replies import ErrorReply
from uplift.split.evidence.clients import read_clients
from uplift.split.evidence.late_events import LateEvents
from uplift.split.run.evidence_part import SOURCE
from uplift.split.run.news import News
from uplift.split.run.request import SplitRequest
from uplift.split.run.split_events import EventKind

_AGAIN_SECONDS = 5.0


class WatchingLegacy:
    """`counts` by pattern, since the watch began."""

    def __init__(self, request: SplitRequest, news: News) -> None:
        self.counts: Counter[str] = Counter()
        self._request, self._news = request, news
        self._events: LateEvents | None = None
        self._again_at = 0.0
        self._told: set[str] = set()

    def look(self) -> None:
        """Take what was told; a server that does not answer is asked again later."""
        if self._events is None and time.monotonic() < self._again_at:
            return
        try:
            self._events = self._events or LateEvents(self._request.source, words_of(self._request.keymap))
            events = self._events.take()
        except (SourceUnreachable, ErrorReply):
            self._forget()
            return
        if events:
            self._tell(self._events)

    def _tell(self, late: LateEvents) -> None:
        new = [pattern for pattern in late.counts if pattern not in self._told]
        self._told.update(new)
        self.counts = Counter(late.counts)
        for pattern in new:
            self._news.tell(EventKind.LATE, f"legacy is written to: {pattern}, {self._clients()}")

    def _clients(self) -> str:
        try:
            with connected(self._request.source) as connection:
                found = read_clients(connection, SOURCE, self._request.allowed_clients)
        except (SourceUnreachable, ErrorReply) as problem:
            return str(problem)
        return "; ".join(map(str, found[:3])) or "by a client that is gone"

    def _forget(self) -> None:
        if self._events is not None:
            self._events.close()
        self._events, self._again_at = None, time.monotonic() + _AGAIN_SECONDS

    def close(self) -> None:
        """Listen no longer."""
        if self._events is not None:
            self._events.close()
            self._events = None
