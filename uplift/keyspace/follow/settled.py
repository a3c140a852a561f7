"""Up to which moment everything is settled: the fence that others wait for before they use what was written together with a followed key.

A whole round whose markers were proven on every server lies behind everything that was written before it began. Once no touch from before
its markers is left, all of that was read, and brought to the other side.
"""

from __future__ import annotations

from collections import deque

from uplift.keyspace.follow.dirty_keys import DirtyKeys
from uplift.keyspace.follow.streams import Streams

_MOST_ROUNDS = 4_096


class Settled:
    """Of one engine. Asking costs a look at the gaps of each server; all else is done once a round."""

    def __init__(self, streams: Streams, dirty: DirtyKeys) -> None:
        self._streams, self._dirty = streams, dirty
        # Whole rounds, and when each began: the first is the latest that everything before is settled.
        self._rounds: deque[tuple[int, float]] = deque()
        self._before: float | None = None

    @property
    def before(self) -> float | None:
        """A moment (monotonic seconds): what anybody had written to any server by then is on both sides, or named. None where that is not
        known, also after a gap until a pass has compared every key.
        """
        return self._before if all(server.gaps.are_over for server in self._streams.servers) else None

    def end_round(self, number: int, began_at: float) -> None:
        """A whole round that was proven on every server, with every answer taken. `began_at`: before anything of it was sent."""
        rounds = self._rounds
        rounds.append((number, began_at))
        if len(rounds) > _MOST_ROUNDS:
            # A key that is never still may hold it up for hours: fewer moments are remembered then.
            self._rounds = rounds = deque(rounds[at] for at in range(0, len(rounds), 2))
        settled = self._settled_round(number)
        while rounds and rounds[0][0] <= settled:
            self._before = rounds.popleft()[1]
        self._dirty.end_round(number)

    def _settled_round(self, number: int) -> int:
        """A round before whose markers no change came that is still to be brought over."""
        streams = self._streams
        oldest = [first for server in streams.servers if (first := server.events.touches.oldest_round) is not None]
        if (waiting := self._dirty.oldest_on_both_sides) is not None:
            oldest.append(waiting)
        if streams.carried_since:
            carried = {key: since for key, since in streams.carried_since.items() if not self._dirty.is_quiet(key)}
            streams.carried_since = carried
            oldest += carried.values()
        return min([number, *oldest])
