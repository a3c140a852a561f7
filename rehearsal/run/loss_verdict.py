"""What was lost: the cold keys of before against after, and every promise in the application's journal.

Pure: the key digests of before and after and a journal in, findings out. A key name is a credential, so findings carry a pattern and a
keyed hash; the clear name is kept beside it for a file only its owner reads.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.run.key_digests import NO_EXPIRY, KeyDigests
from uplift.keyspace.keymap.pattern import pattern_of

TTL_TOLERANCE_MS = 3000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it was promised."""

    what: str
    key: bytes
    detail: str

    def named(self, secret: bytes) -> str:
        """Pattern and keyed hash, for everybody's eyes."""
        digest = hmac.new(secret, self.key, hashlib.sha256).hexdigest()[:12]
        return f"{self.what}: {pattern_of(self.key)} #{digest} {self.detail}".rstrip()


@dataclass(frozen=True, slots=True)
class Verdict:
    """All findings. `expired` cold keys reached their time and are no loss."""

    lost_keys: tuple[Finding, ...]
    changed_keys: tuple[Finding, ...]
    lost_writes: tuple[Finding, ...]
    expired: int

    @property
    def clean(self) -> bool:
        """Whether nothing at all is missing or different."""
        return not (self.lost_keys or self.changed_keys or self.lost_writes)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything, for listing."""
        return self.lost_keys + self.changed_keys + self.lost_writes


def judge(before: KeyDigests, after: KeyDigests, journal: Mapping[str, Any], values_after: Mapping[str, Any]) -> Verdict:
    """Compare. `values_after` holds the value and expiry of every key the journal speaks of, as read at the end."""
    lost, changed, expired = _cold_keys(before, after, frozenset(_touched(journal)))
    # A job whose move raised in the application is the application's own doubt, not a loss of Redis.
    received = {*journal["received"], *journal["unsure_jobs"]}
    jobs = [Finding("lost job", jid.encode(), "was queued before") for jid in sorted(before.jobs - after.jobs - received)]
    writes = [*_lost_strings(journal, values_after), *_lost_counters(journal, values_after), *_lost_jobs(journal, after, received)]
    return Verdict((*lost, *jobs), tuple(changed), tuple(writes), expired)


def _touched(journal: Mapping[str, Any]) -> Iterator[bytes]:
    yield from (key.encode() for key in (*journal["strings"], *journal["counters"]))
    yield from (b"queues", b"processes", b"stat:processed", b"stat:failed")


def _cold_keys(before: KeyDigests, after: KeyDigests, touched: frozenset[bytes]) -> tuple[list[Finding], list[Finding], int]:
    lost, changed, expired = [], [], 0
    for (database, key), line in before.lines.items():
        if database == 0 and key in touched:
            continue
        there = after.lines.get((database, key))
        if there is None:
            if line.expires_at_ms != NO_EXPIRY and line.expires_at_ms <= after.read_at_ms:
                expired += 1
            else:
                lost.append(Finding("lost key", key, f"database {database}"))
        elif there.digest != line.digest:
            changed.append(Finding("changed value", key, f"database {database}"))
        elif not _same_expiry(there.expires_at_ms, line.expires_at_ms):
            changed.append(Finding("changed expiry", key, f"by {there.expires_at_ms - line.expires_at_ms} ms"))
    return lost, changed, expired


def _same_expiry(one: int, other: int) -> bool:
    if NO_EXPIRY in (one, other):
        return one == other
    return abs(one - other) <= TTL_TOLERANCE_MS


def _lost_strings(journal: Mapping[str, Any], values: Mapping[str, Any]) -> Iterator[Finding]:
    for key, expected in journal["strings"].items():
        if expected["value"] is None:
            continue
        value, expires_at = values.get(key, (None, None))
        if value not in (expected["value"], *expected["maybe"]):
            yield Finding("lost write", key.encode(), "no such key" if value is None else "an older value")
        elif value == expected["value"] and _too_early(expires_at, expected["expires_at"]):
            yield Finding("lost write", key.encode(), "its EXPIRE is missing")


def _lost_counters(journal: Mapping[str, Any], values: Mapping[str, Any]) -> Iterator[Finding]:
    for key, counted in journal["counters"].items():
        value, _expires_at = values.get(key, (None, None))
        found = int(value or 0)
        if found < counted["acknowledged"]:
            yield Finding("lost write", key.encode(), f"counted {found} of {counted['acknowledged']}")


def _lost_jobs(journal: Mapping[str, Any], after: KeyDigests, received: set[str]) -> Iterator[Finding]:
    for jid in sorted(set(journal["enqueued"]) - after.jobs - received):
        yield Finding("lost job", jid.encode(), f"enqueued to {journal['enqueued'][jid]}")


def _too_early(found: float | None, expected: float | None) -> bool:
    """Whether an acknowledged EXPIRE is lost: no expiry at all, or an older one."""
    return expected is not None and (found is None or found < expected - TTL_TOLERANCE_MS / 1000)
