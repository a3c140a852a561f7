from datetime import timedelta

import pytest

from tests.inplace.builders import NOW, snapshot
from uplift.inplace.decisions.snapshot import SnapshotVerdict, decide_snapshot
from uplift.inplace.records.observation import SnapshotObservation


@pytest.mark.parametrize(
    ("seen", "verdict", "reason"),
    [
        (None, SnapshotVerdict.CREATE, "no snapshot of this run yet"),
        (snapshot(status="creating"), SnapshotVerdict.WAIT, "is creating"),
        (snapshot(), SnapshotVerdict.READY, "holds 5 MB"),
        (snapshot(status="failed"), SnapshotVerdict.REFUSE, "is 'failed', expected 'available': delete it or raise upgrade.attempt"),
        (snapshot(source_id="other-001"), SnapshotVerdict.REFUSE, "is of other-001"),
        (snapshot(size=""), SnapshotVerdict.REFUSE, "has no size or date"),
        (snapshot(created_at=None), SnapshotVerdict.REFUSE, "has no size or date"),
        (snapshot(created_at=NOW - timedelta(minutes=121)), SnapshotVerdict.REFUSE, "is 121 minutes old, allowed: 120"),
        (snapshot(created_at=NOW - timedelta(minutes=120)), SnapshotVerdict.READY, "holds 5 MB"),
    ],
)
def test_what_to_do_about_a_snapshot(seen: SnapshotObservation | None, verdict: SnapshotVerdict, reason: str) -> None:
    decision = decide_snapshot(seen, source_ids=frozenset({"legacy-001", "legacy-002"}), now=NOW, longest_age_minutes=120)
    assert decision.verdict is verdict
    assert reason in decision.reason
