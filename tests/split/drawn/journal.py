"""What the application of a drawn split was acknowledged, and what each key may be at the end."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field

TOLERANCE_SECONDS = 3.0


@dataclass(frozen=True)
class State:
    """What a key is: a string or a hash, and when it ends in seconds since 1970; None: never."""

    value: str | dict[str, str]
    life: float | None = None

    def is_like(self, other: State) -> bool:
        if self.value != other.value or (self.life is None) is not (other.life is None):
            return False
        return self.life is None or other.life is None or abs(self.life - other.life) < TOLERANCE_SECONDS


@dataclass(frozen=True)
class Write:
    """`state` None: it was deleted. Not `is_acknowledged`: perhaps it took place."""

    writer: int
    side: str
    at: float
    state: State | None
    is_acknowledged: bool


@dataclass
class Journal:
    """`ran`: how often each job ran, by number. `forgotten`: from and until when app-cache forgot what was not carried yet."""

    writes: dict[str, list[Write]] = field(default_factory=dict)
    pushed: set[int] = field(default_factory=set)
    ran: Counter[int] = field(default_factory=Counter)
    ran_by: dict[int, list[str]] = field(default_factory=dict)
    forgotten: list[tuple[float, float]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, key: str, writer: int, side: str, state: State | None, *, is_acknowledged: bool = True) -> None:
        with self.lock:
            self.writes.setdefault(key, []).append(Write(writer, side, time.time(), state, is_acknowledged))

    def note_run(self, number: int, where: str) -> None:
        with self.lock:
            self.ran[number] += 1
            self.ran_by.setdefault(number, []).append(f"{time.time():.3f} {where}")

    def note_pushed(self, number: int) -> None:
        with self.lock:
            self.pushed.add(number)

    def last_of(self, writer: int, kind: str) -> dict[str, State | None]:
        """Of one process, by key, where the last write was acknowledged."""
        with self.lock:
            last = {key: writes[-1] for key, writes in self.writes.items() if key.startswith(kind) and writes[-1].writer == writer}
        return {key: write.state for key, write in last.items() if write.is_acknowledged}

    def allowed(self, key: str) -> list[State | None]:
        """The last acknowledged write of each process that wrote it, and what may have taken place or been forgotten since."""
        found: list[State | None] = []
        for writer in {write.writer for write in self.writes[key]}:
            found += self._allowed_of(writer, key)
        return found

    def _allowed_of(self, writer: int, key: str) -> list[State | None]:
        found: list[State | None] = []
        for write in reversed(self.writes[key]):
            if write.writer == writer:
                found.append(write.state)
                if write.is_acknowledged and not self._is_forgotten(write):
                    return found
        return [*found, None]

    def _is_forgotten(self, write: Write) -> bool:
        return write.side == "new" and any(begin <= write.at <= end for begin, end in self.forgotten)
