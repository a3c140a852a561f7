"""States that are told once they have lasted: a lag, a throttle, a standby or a way back that is lost."""

from __future__ import annotations

import time

from uplift.keyspace.follow.status import Status as FollowStatus
from uplift.split.decisions.facts import Facts
from uplift.split.record.stage import Stage
from uplift.split.run.lasting import Lasting
from uplift.split.run.news import News
from uplift.split.run.split_events import EventKind

_MOST_LAG_MS = 1000.0


class Alerts:
    """Of an engine that leads."""

    def __init__(self, news: News) -> None:
        self._news = news
        self._lasting = Lasting()
        self._had_standby = False
        self._doubtful: set[str] = set()

    def look(self, facts: Facts, follow_status: FollowStatus | None) -> None:
        """What is so now."""
        follow = facts.follow
        if facts.stage.is_over or not follow.is_following:
            self._lasting.forget()
            return
        self._had_standby = self._had_standby or follow.standby_warm > 0
        lag = f"{follow.lag_ms:,.0f} ms (p99)" if follow.lag_ms is not None and follow.lag_ms > _MOST_LAG_MS else None
        throttled = follow_status.throttled if follow_status is not None else None
        self._look(EventKind.LAG, lag)
        slowed = None if throttled is None else f"{throttled.by}: {throttled.measured:.1f} ms, allowed {throttled.limit:.1f}"
        self._look(EventKind.THROTTLED, slowed)
        self._look(
            EventKind.STANDBY_LOST, "no engine could take over without a gap" if self._had_standby and not follow.standby_warm else None
        )
        self._look(EventKind.WAY_BACK_LOST, follow.way_back_lost if facts.stage is not Stage.OLD else None)
        for text in facts.gate.doubtful:
            if text not in self._doubtful:
                self._doubtful.add(text)
                self._news.tell(EventKind.CRON, text)

    def _look(self, kind: EventKind, why: str | None) -> None:
        text = self._lasting.look(kind, why, time.monotonic())
        if text is not None:
            self._news.tell(kind, text)
