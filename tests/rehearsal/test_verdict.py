"""The rehearsal's own judgement, as tables: what is lost, what merely expired, what the application was never promised."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.run.key_digests import NO_EXPIRY, KeyDigests, Line
from rehearsal.run.loss_verdict import judge
from rehearsal.run.observed_outage import longest_outage

NOW = 1_000_000
EMPTY: dict[str, Any] = {"strings": {}, "counters": {}, "enqueued": {}, "received": [], "unsure_jobs": []}


def _snapshot(lines: dict[bytes, Line] | None = None, jobs: set[str] | None = None) -> KeyDigests:
    return KeyDigests({(0, key): line for key, line in (lines or {}).items()}, jobs or set(), len(lines or {}), NOW)


def _line(digest: bytes = b"v", expires_at_ms: int = NO_EXPIRY) -> Line:
    return Line(digest, expires_at_ms)


@pytest.mark.parametrize(
    ("before", "after", "findings", "expired"),
    [
        (_line(), _line(), [], 0),
        (_line(), None, ["lost key"], 0),
        (_line(expires_at_ms=NOW - 1), None, [], 1),
        (_line(expires_at_ms=NOW + 1), None, ["lost key"], 0),
        (_line(), _line(b"w"), ["changed value"], 0),
        (_line(expires_at_ms=NOW + 9000), _line(expires_at_ms=NOW + 9000 + 3000), [], 0),
        (_line(expires_at_ms=NOW + 9000), _line(expires_at_ms=NOW + 9000 + 3001), ["changed expiry"], 0),
        (_line(expires_at_ms=NOW + 9000), _line(), ["changed expiry"], 0),
        (_line(), _line(expires_at_ms=NOW + 9000), ["changed expiry"], 0),
    ],
)
def test_cold_keys(before: Line, after: Line | None, findings: list[str], expired: int) -> None:
    verdict = judge(_snapshot({b"k": before}), _snapshot({b"k": after} if after else {}), EMPTY, {})
    assert [finding.what for finding in verdict.findings] == findings
    assert verdict.expired == expired


@pytest.mark.parametrize(
    ("value", "maybe", "expires_at", "found", "lost"),
    [
        ("a", [], None, ("a", None), ""),
        ("a", [], None, None, "no such key"),
        ("a", [], None, ("z", None), "an older value"),
        ("a", ["b"], 100.0, ("b", None), ""),
        ("a", [], 100.0, ("a", 100.5), ""),
        ("a", [], 100.0, ("a", 90.0), "its EXPIRE is missing"),
        ("a", [], 100.0, ("a", None), "its EXPIRE is missing"),
        (None, ["b"], None, None, ""),
    ],
)
def test_acknowledged_strings(value: str | None, maybe: list[str], expires_at: float | None, found: Any, lost: str) -> None:
    journal = {**EMPTY, "strings": {"k": {"value": value, "maybe": maybe, "expires_at": expires_at}}}
    verdict = judge(_snapshot(), _snapshot(), journal, {"k": found} if found else {})
    assert [finding.detail for finding in verdict.lost_writes] == ([lost] if lost else [])


@pytest.mark.parametrize(("found", "lost"), [("10", False), ("12", False), ("9", True), (None, True)])
def test_counters_never_fall_below_what_was_acknowledged(found: str | None, lost: bool) -> None:
    journal = {**EMPTY, "counters": {"k": {"acknowledged": 10, "unsure": 2, "expires_at": None}}}
    verdict = judge(_snapshot(), _snapshot(), journal, {"k": (found, None)} if found else {})
    assert bool(verdict.lost_writes) is lost


@pytest.mark.parametrize(
    ("queued_before", "enqueued", "queued_after", "received", "unsure", "lost"),
    [
        ({"j"}, {}, {"j"}, [], [], 0),
        ({"j"}, {}, set(), ["j"], [], 0),
        ({"j"}, {}, set(), [], [], 1),
        ({"j"}, {}, set(), [], ["j"], 0),
        (set(), {"j": "default"}, {"j"}, [], [], 0),
        (set(), {"j": "default"}, set(), ["j"], [], 0),
        (set(), {"j": "default"}, set(), [], [], 1),
    ],
)
def test_jobs(
    queued_before: set[str], enqueued: dict[str, str], queued_after: set[str], received: list[str], unsure: list[str], lost: int
) -> None:
    journal = {**EMPTY, "enqueued": enqueued, "received": received, "unsure_jobs": unsure}
    verdict = judge(_snapshot(jobs=queued_before), _snapshot(jobs=queued_after), journal, {})
    assert len(verdict.findings) == lost


def test_findings_name_a_pattern_and_a_keyed_hash_never_the_key() -> None:
    verdict = judge(_snapshot({b"vets-api-session:Tok3n": _line()}), _snapshot(), EMPTY, {})
    named = verdict.findings[0].named(b"secret")
    assert named.startswith("lost key: vets-api-session:<text> #")
    assert "Tok3n" not in named
    assert named != verdict.findings[0].named(b"another secret")


@pytest.mark.parametrize(("times", "seconds"), [([], 0), ([5.0], 0), ([1.0, 2.0, 7.0, 7.5], 5.0), ([7.0, 1.0], 6.0)])
def test_the_outage_is_the_longest_gap(times: list[float], seconds: float) -> None:
    assert longest_outage(times).seconds == seconds
