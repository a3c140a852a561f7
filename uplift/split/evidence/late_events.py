"""Who still writes to legacy after the end of a run: a nightly task shows in no list of clients by day."""

from __future__ import annotations

from collections import Counter

from uplift.keyspace.keymap.known_words import shown
from uplift.keyspace.keymap.own_keys import is_own_key
from uplift.keyspace.keymap.pattern import pattern_of
from uplift.keyspace.server.connection import Connection, pack
from uplift.keyspace.server.endpoint import Endpoint
from uplift.keyspace.server.replies import ErrorReply

_BY_ITSELF = (b":expired", b":evicted")
_MOST_PATTERNS = 50
_OTHERS = "others"
_TIMEOUT_SECONDS = 5.0


class LateEvents:
    """Key events of every database of one server, from the moment it is made. `counts`: by pattern of the key, never a name; those that the
    server makes by itself, of keys that expire, are none.
    """

    def __init__(self, endpoint: Endpoint, words: frozenset[str]) -> None:
        """`words` may be shown of a key (known_words.py). Raises SourceUnreachable, ErrorReply."""
        self.counts: Counter[str] = Counter()
        self._words = words
        self._connection = Connection(endpoint, timeout_seconds=_TIMEOUT_SECONDS)
        try:
            self._connection.send(pack("PSUBSCRIBE", "__keyevent@*__:*"))
            reply = self._connection.read()
            if isinstance(reply, ErrorReply):
                raise reply
        except BaseException:
            self._connection.close()
            raise

    def take(self) -> int:
        """What was told since the last time; how many events. Raises SourceUnreachable where the connection is gone."""
        events = 0
        for reply in self._connection.arrived():
            if not isinstance(reply, list) or len(reply) != 4:
                continue
            _, _, channel, name = reply
            if not isinstance(channel, bytes) or not isinstance(name, bytes) or channel.endswith(_BY_ITSELF) or is_own_key(name):
                continue
            self.counts[self._pattern(name)] += 1
            events += 1
        return events

    def _pattern(self, name: bytes) -> str:
        pattern = shown(pattern_of(name, self._words), self._words)
        return pattern if pattern in self.counts or len(self.counts) < _MOST_PATTERNS else _OTHERS

    def close(self) -> None:
        """Listen no longer. Safe to call twice."""
        self._connection.close()
