"""The pasts of keys: what both sides held when last equal, what was sent and not answered for, and which states a side had lately."""

from __future__ import annotations

import time
from collections import deque
from pathlib import Path
from typing import NamedTuple

from uplift.keyspace.follow.base import Base, BaseEntry
from uplift.keyspace.follow.evidence import BaseState
from uplift.keyspace.follow.key_state import ABSENT, FOREVER, Side
from uplift.keyspace.follow.unanswered_writes import UnansweredWrites

_REMEMBERED_SECONDS = 10.0
_MOST_REMEMBERED = 200_000
_ABSENT_ON_BOTH = BaseState(ABSENT, FOREVER)


class Past(NamedTuple):
    """The round in which a key was equal on both sides last, and what each side held then, by side; None where that is not known."""

    round: int | None
    states: tuple[BaseState | None, BaseState | None]


_UNKNOWN = Past(None, (None, None))


class Pasts:
    """`complete_since`: the round the latest whole pass began with; None where there was none."""

    def __init__(self, base: Base, sent: Path | None = None) -> None:
        """`sent`: the file of what is sent and not answered for; None keeps it in memory alone."""
        self.base = base
        self.complete_since: int | None = None
        self.unanswered = UnansweredWrites(sent, base.identity)
        # By key the round in which both sides were seen to have it no more: the base has no record of such a key, and so no round.
        self._gone_in: dict[bytes, int] = {}
        self._recent: deque[tuple[float, bytes, bytes, bytes]] = deque()
        self._recent_by_key: tuple[float, dict[tuple[Side, bytes], set[bytes]]] = (0.0, {})

    def past_of(self, key: bytes) -> Past:
        """What is known of a key."""
        entry = self.base.get(key)
        if entry is not None:
            return Past(entry.round, (BaseState(entry.source, entry.life), BaseState(entry.target, entry.life)))
        if (gone_in := self._gone_in.get(key)) is not None:
            return Past(gone_in, (_ABSENT_ON_BOTH, _ABSENT_ON_BOTH))
        if self.complete_since is not None and self.base.was_absent(key):
            return Past(self.complete_since, (_ABSENT_ON_BOTH, _ABSENT_ON_BOTH))
        return _UNKNOWN

    def put(self, key: bytes, source: bytes, target: bytes, life: int, round_: int) -> None:
        """Both sides hold this; `source` and `target` are tokens, ABSENT on both for a key that is gone."""
        self.unanswered.decided(key)
        self._gone_in.pop(key, None)
        if source == ABSENT and target == ABSENT:
            self.base.forget(key)
            self._gone_in[key] = round_
            if len(self._gone_in) > _MOST_REMEMBERED:
                del self._gone_in[next(iter(self._gone_in))]
            return
        self.base.put(key, BaseEntry(source, target, life, round_))
        recent = self._recent
        recent.append((time.monotonic(), key, source, target))
        if len(recent) > _MOST_REMEMBERED:
            recent.popleft()

    def note_sent(self, key: bytes, place: int, side: Side, token: bytes, life: int) -> None:
        """It is about to be sent, as UnansweredWrites.send; with no room to say so, nobody who comes is to believe what both sides held."""
        if not self.unanswered.send(key, place, side, token, life):
            self._gone_in.pop(key, None)
            self.base.doubt(key)

    def held_recently(self, key: bytes, side: Side, token: bytes) -> bool:
        """Whether a side held this in the last seconds: what a replica that was promoted may hold again."""
        now = time.monotonic()
        made, by_key = self._recent_by_key
        if now - made > 1.0:
            by_key = {}
            for when, name, source, target in self._recent:
                if now - when <= _REMEMBERED_SECONDS:
                    by_key.setdefault((Side.SOURCE, name), set()).add(source)
                    by_key.setdefault((Side.TARGET, name), set()).add(target)
            self._recent_by_key = (now, by_key)
        return token in by_key.get((side, key), set())

    def begin_anew(self) -> None:
        """Ends were missed: nothing that is written down is sure any more."""
        self.base.clear()
        self.complete_since = None
        self.unanswered.clear()
        self._gone_in.clear()

    def close(self) -> None:
        """Let go of the files. Raises NotWritten."""
        self.unanswered.close()
        self.base.close()
