"""What no set of names leads to: private queues, batches, locks, limiters, and what is not known. A SCAN over all keys, page by page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.replies import as_scan
from uplift.sidekiq.keys.key_kinds import KeyKind, is_like_sidekiqs, kind_of

_PAGE_KEYS = 1_000
_NAMES_KEPT = 100_000
OfSidekiq = Callable[[bytes], bool]
"""Whether a key of no known kind belongs to Sidekiq's side all the same, so that it may not be passed over."""


@dataclass(frozen=True, slots=True)
class Survey:
    """`counts` by kind; `names` by kind, at most 100,000 of each: `cut_off` has the kinds of which there are more.

    `unknown`: keys that a handover may not pass over; KeyKind.OTHER in `cut_off` stands for them.
    A key that comes or goes while the SCAN runs may be in it or not.
    """

    counts: Counter[KeyKind]
    names: dict[KeyKind, tuple[bytes, ...]]
    unknown: tuple[bytes, ...]
    cut_off: frozenset[KeyKind]

    def of(self, kind: KeyKind) -> tuple[bytes, ...]:
        """The names of a kind."""
        return self.names.get(kind, ())


@dataclass(slots=True)
class Gathered:
    """Names that are put together to a survey."""

    is_of_sidekiq: OfSidekiq = is_like_sidekiqs
    _counts: Counter[KeyKind] = field(default_factory=Counter)
    _names: dict[KeyKind, dict[bytes, None]] = field(default_factory=dict)
    _unknown: dict[bytes, None] = field(default_factory=dict)
    _cut_off: set[KeyKind] = field(default_factory=set)

    def survey(self) -> Survey:
        """Of all that was taken."""
        names = {kind: tuple(sorted(found)) for kind, found in self._names.items()}
        return Survey(self._counts, names, tuple(sorted(self._unknown)), frozenset(self._cut_off))

    def take(self, key: bytes) -> None:
        """A key that is there; perhaps for the second time."""
        kind = kind_of(key)
        if kind is KeyKind.OTHER:
            if self.is_of_sidekiq(key):
                self._keep(self._unknown, key, kind)
            return
        names = self._names.setdefault(kind, {})
        if key not in names:
            self._counts[kind] += 1
            self._keep(names, key, kind)

    def _keep(self, names: dict[bytes, None], key: bytes, kind: KeyKind) -> None:
        if len(names) < _NAMES_KEPT:
            names[key] = None
        elif key not in names:
            self._cut_off.add(kind)


@dataclass(slots=True)
class Surveying:
    """One SCAN under way; `step` reads a page of it. `seen`: how many keys went by, some of them perhaps twice. `saw` is told of each."""

    connection: Connection
    is_of_sidekiq: OfSidekiq = is_like_sidekiqs
    saw: Callable[[bytes], None] = lambda _key: None
    seen: int = 0
    _cursor: bytes = b"0"
    _gathered: Gathered = field(init=False)

    def __post_init__(self) -> None:
        self._gathered = Gathered(self.is_of_sidekiq)

    def step(self) -> Survey | None:
        """The next page; what was found once it was the last one. Raises what Connection.call raises."""
        self._cursor, page = as_scan(self.connection.call("SCAN", self._cursor, "COUNT", _PAGE_KEYS))
        self.seen += len(page)
        for key in page:
            self._gathered.take(key)
            self.saw(key)
        return self._gathered.survey() if self._cursor == b"0" else None


def survey(connection: Connection, is_of_sidekiq: OfSidekiq = is_like_sidekiqs) -> Survey:
    """All of it at once. Raises what Connection.call raises."""
    surveying = Surveying(connection, is_of_sidekiq)
    while (found := surveying.step()) is None:
        pass
    return found
