"""Names of Sidekiq's keys as somebody saw them go by who hears of every key: one SCAN in the beginning, and none later."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from uplift.keyspace.server.connection import Connection, pack
from uplift.keyspace.server.replies import ErrorReply, as_int
from uplift.sidekiq.keys.key_kinds import KeyKind, is_like_sidekiqs, kind_of
from uplift.sidekiq.keys.names_of_sidekiq import ScannedNames, SurveySteps
from uplift.sidekiq.keys.survey import Gathered, OfSidekiq, Survey, Surveying

MOST_NAMES = 200_000
_AT_ONCE = 1_000


class RememberedNames:
    """Of one server, in one database: whoever watches it says `saw` of each name that may be Sidekiq's, as often as it likes, and from
    before the first look on. `most` names are remembered; `problem` says that there were more, and that a SCAN is used from then on.
    """

    def __init__(self, is_of_sidekiq: OfSidekiq = is_like_sidekiqs, most: int = MOST_NAMES) -> None:
        self.problem: str | None = None
        self._is_of_sidekiq, self._most = is_of_sidekiq, most
        self._scanned = ScannedNames(is_of_sidekiq)
        # By name how often anything was seen before: what was seen again while it was asked for is kept.
        self._names: dict[bytes, int] = {}
        self._seen = 0
        self._is_complete = False
        # Whoever watches the server and whoever asks for names are two threads.
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """How many are remembered."""
        return len(self._names)

    def saw(self, name: bytes) -> None:
        """A key of this name is there, or was a moment ago."""
        if self.problem is not None or (name not in self._names and kind_of(name) is KeyKind.OTHER and not self._is_of_sidekiq(name)):
            return
        with self._lock:
            self._seen += 1
            self._names[name] = self._seen
            if len(self._names) > self._most:
                self.problem = f"Sidekiq has more than {self._most:,} keys: they are looked for by a SCAN over all keys"
                self._names.clear()

    def scan_next(self) -> None:
        """Something may have gone by unseen: the next look is a SCAN."""
        self._is_complete = False

    @property
    def _is_known(self) -> bool:
        return self._is_complete and self.problem is None

    def surveying(self, connection: Connection) -> SurveySteps:
        """As NamesOfSidekiq.surveying: the first look is a SCAN; later ones ask which of the names are there still."""
        if self._is_known:
            return _Asking(self, connection, list(self._names))
        return _Scanning(self, Surveying(connection, self._is_of_sidekiq, self.saw))

    def beginning_with(self, connection: Connection, prefix: bytes) -> tuple[bytes, ...]:
        """As NamesOfSidekiq.beginning_with."""
        if self._is_known:
            return tuple(name for name in list(self._names) if name.startswith(prefix))
        return self._scanned.beginning_with(connection, prefix)

    def is_whole(self) -> None:
        """Every key was looked at while names were told."""
        self._is_complete = True

    def still_there(self, connection: Connection, names: list[bytes]) -> list[bytes]:
        """Those that are there; the others are forgotten, unless they were seen meanwhile."""
        known = [self._names.get(name) for name in names]
        there = []
        for name, seen, reply in zip(names, known, connection.call_all([pack("EXISTS", name) for name in names]), strict=True):
            if isinstance(reply, ErrorReply):
                raise reply
            if as_int(reply):
                there.append(name)
            elif seen is not None:
                self._forget(name, seen)
        return there

    def _forget(self, name: bytes, seen: int) -> None:
        with self._lock:
            if self._names.get(name) == seen:
                del self._names[name]

    def gathered(self) -> Gathered:
        """An empty survey, by what counts as Sidekiq's here."""
        return Gathered(self._is_of_sidekiq)


@dataclass(slots=True)
class _Scanning:
    """The first look."""

    remembered: RememberedNames
    scan: Surveying

    def step(self) -> Survey | None:
        found = self.scan.step()
        if found is not None:
            self.remembered.is_whole()
        return found


@dataclass(slots=True)
class _Asking:
    """A later one: a pipeline of so many questions a step."""

    remembered: RememberedNames
    connection: Connection
    names: list[bytes]
    _at: int = 0
    _gathered: Gathered = field(init=False)

    def __post_init__(self) -> None:
        self._gathered = self.remembered.gathered()

    def step(self) -> Survey | None:
        some = self.names[self._at : self._at + _AT_ONCE]
        self._at += _AT_ONCE
        for name in self.remembered.still_there(self.connection, some) if some else ():
            self._gathered.take(name)
        return self._gathered.survey() if self._at >= len(self.names) else None
