"""What the application was promised: every acknowledged write, and every call that failed or was slow."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

SLOW_SECONDS = 1.0


@dataclass
class Expected:
    """What must be found at one key: `value` as acknowledged last, or one of the unacknowledged `maybe` after it."""

    value: str | None = None
    maybe: list[str] = field(default_factory=list)
    expires_at: float | None = None


@dataclass
class Counted:
    """A counter: at least `acknowledged`; each unacknowledged increment may have counted, twice with redis-rb's retry."""

    acknowledged: int = 0
    unsure: int = 0
    expires_at: float | None = None


@dataclass
class Journal:
    """Filled by all actors; one lock, since they write from several threads.

    `shared`: writes to keys that several processes write: key, value, and when the call began and was answered. `forms` are jids whose form
    was there before the job, `missing_forms` those whose form was not when the job ran. `enqueued_at` and `finished_at` by jid.
    """

    strings: dict[str, Expected] = field(default_factory=dict)
    counters: dict[str, Counted] = field(default_factory=dict)
    enqueued: dict[str, str] = field(default_factory=dict)
    received: list[str] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)
    unsure_jobs: list[str] = field(default_factory=list)
    fired: list[tuple[str, int]] = field(default_factory=list)
    write_times: list[float] = field(default_factory=list)
    failures: list[tuple[float, str, str]] = field(default_factory=list)
    slow: list[tuple[float, str, float]] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    shared: list[tuple[str, str, float, float]] = field(default_factory=list)
    forms: list[str] = field(default_factory=list)
    missing_forms: list[str] = field(default_factory=list)
    enqueued_at: dict[str, float] = field(default_factory=dict)
    finished_at: dict[str, float] = field(default_factory=dict)
    acknowledged: int = 0
    answered_in: Counter[int] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def answered(self, command: str, seconds: float, *, is_write: bool) -> None:
        """A call that got its reply."""
        with self.lock:
            self.calls[command] += 1
            self.answered_in[int(time.time())] += 1
            if is_write:
                self.acknowledged += 1
                self.write_times.append(time.time())
            if seconds > SLOW_SECONDS:
                self.slow.append((time.time(), command, seconds))

    def failed(self, command: str, problem: str) -> None:
        """A call that raised in the application."""
        with self.lock:
            self.calls[command] += 1
            self.failures.append((time.time(), command, problem))

    def save(self, path: Path) -> None:
        """Write everything as JSON."""
        with self.lock:
            content = {
                "strings": {key: asdict(expected) for key, expected in self.strings.items()},
                "counters": {key: asdict(counted) for key, counted in self.counters.items()},
                "enqueued": self.enqueued,
                "received": self.received,
                "finished": self.finished,
                "unsure_jobs": self.unsure_jobs,
                "fired": self.fired,
                "shared": self.shared,
                "forms": self.forms,
                "missing_forms": self.missing_forms,
                "enqueued_at": self.enqueued_at,
                "finished_at": self.finished_at,
                "write_times": self.write_times,
                "failures": self.failures,
                "slow": self.slow,
                "calls": dict(self.calls),
                "acknowledged": self.acknowledged,
                "answered_in": dict(self.answered_in),
            }
        path.write_text(json.dumps(content))
