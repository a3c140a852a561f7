"""The keys that the next rounds are to read, and on which sides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from uplift.keyspace.follow.big_keys import BigKeys
from uplift.keyspace.follow.key_state import Side
from uplift.keyspace.follow.pages import Dirty
from uplift.keyspace.follow.streams import Streams


class DirtyKeys:
    """Touched keys, those that need both sides read whatever touched them, and the big ones, which no page reads."""

    def __init__(self, streams: Streams, big: BigKeys) -> None:
        self._streams, self._big = streams, big
        # By key the round that was over when it came to wait, those that wait longest first.
        self._both_sides: dict[bytes, int] = {}
        self._whole_round = 0

    def read_both_sides(self, keys: Iterable[bytes]) -> None:
        """Read both sides of these, until `is_decided`."""
        for key in keys:
            self._both_sides.setdefault(key, self._whole_round)

    def end_round(self, round_: int) -> None:
        """The round is over: what comes to wait from now on, and was changed before it, is told of by a touch."""
        self._whole_round = round_

    @property
    def oldest_on_both_sides(self) -> int | None:
        """The round that was over when the key came to wait that waits longest for both sides to be read; None where none does."""
        return next(iter(self._both_sides.values()), None)

    def is_decided(self, key: bytes) -> None:
        """Nothing but a touch makes it dirty any more."""
        self._both_sides.pop(key, None)

    def __contains__(self, key: object) -> bool:
        """Whether both sides are to be read, by a page or in pieces."""
        return key in self._both_sides or key in self._big

    @property
    def keys_on_both_sides(self) -> Iterator[bytes]:
        """Those that are to be read on both sides."""
        return iter(self._both_sides)

    @property
    def count_on_both_sides(self) -> int:
        """How many are to be read on both sides."""
        return len(self._both_sides)

    def __len__(self) -> int:
        """How many wait; one that was touched on two sides counts twice."""
        return len(self._both_sides) + len(self._big) + sum(len(server.events.touches) for server in self._streams.servers)

    def is_quiet(self, key: bytes) -> bool:
        """Whether no round is to look at the key."""
        return key not in self._both_sides and all(key not in server.events.touches for server in self._streams.servers)

    def has_any(self) -> bool:
        """Whether the next round has a key to read."""
        if self._both_sides:
            return True
        touched = [server.events.touches for server in self._streams.servers if len(server.events.touches)]
        return bool(touched) and (not self._big or any(key not in self._big for touches in touched for key in touches))

    def next_keys(self, *, two_way: bool) -> Iterator[Dirty]:
        """Every one of them, those first that need both sides, then in the order of their first touch."""
        streams, both_sides, big = self._streams, self._both_sides, self._big
        source = streams.source.events.touches
        for key in both_sides:
            yield Dirty(key, streams.rule_of(key).target, None)
        for key in source:
            if key not in both_sides and key not in big:
                target = streams.rule_of(key).target
                yield Dirty(key, target, None if key in streams.targets[target].events.touches else Side.SOURCE)
        for server in streams.targets:
            for key in server.events.touches:
                if key not in both_sides and key not in source and key not in big:
                    yield Dirty(key, streams.rule_of(key).target, Side.TARGET if two_way else None)
