import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.inplace.builders import member, observation
from uplift.inplace.records.observation import Observation
from uplift.inplace.records.run_record import Phase, RunKey, RunRecord, goes_on, is_run_snapshot

KEY = RunKey("legacy", "3.2.4", "redis-5.0.6", 1)
RAISED = RunKey("legacy", "3.2.4", "redis-5.0.6", 2)
OTHER_TARGET = RunKey("legacy", "5.0.6", "redis-6.2", 1)
MODIFIED = RunRecord(KEY, Phase.MODIFY_REQUESTED, 1000, failover_before=True, census_pages=1)
CHANGING = observation(status="modifying")


@pytest.mark.parametrize(
    ("earlier", "wanted", "seen", "continues"),
    [
        (None, KEY, observation(), False),
        (RunRecord(KEY, Phase.STARTED, 0, failover_before=True, census_pages=0), KEY, observation(), False),
        (MODIFIED, KEY, observation(), True),
        (MODIFIED, KEY, CHANGING, True),
        (MODIFIED, RAISED, CHANGING, True),
        (MODIFIED, RAISED, observation(member(1), member(2, engine_version="5.0.6")), True),
        (MODIFIED, RAISED, observation(), False),
        # Somebody patched legacy meanwhile, or upgraded it by hand; or another target is wanted now.
        (MODIFIED, RAISED, observation(member(1, engine_version="3.2.10"), member(2, engine_version="3.2.10")), False),
        (MODIFIED, KEY, observation(member(1, engine_version="3.2.10"), member(2, engine_version="3.2.10")), True),
        (MODIFIED, RAISED, observation(member(1, engine_version="5.0.6"), member(2, engine_version="5.0.6")), True),
        (MODIFIED, OTHER_TARGET, observation(member(1, engine_version="5.0.6"), member(2, engine_version="5.0.6")), False),
        (MODIFIED, OTHER_TARGET, CHANGING, True),
    ],
)
def test_a_run_whose_modify_may_have_been_sent_is_observed(
    earlier: RunRecord | None, wanted: RunKey, seen: Observation, continues: bool
) -> None:
    assert goes_on(earlier, wanted, seen) is continues


def test_snapshots_of_another_source_are_none_of_this_ones() -> None:
    """Both begin with `uplift-legacy-`; who deletes those of one must not find the other's."""
    other = RunKey("legacy-two", "3.2.4", "redis-5.0.6", 1)
    assert is_run_snapshot("legacy", KEY.snapshot_name, "legacy-001")
    assert is_run_snapshot("legacy-two", other.snapshot_name, "legacy-two")
    assert not is_run_snapshot("legacy", other.snapshot_name, "legacy-001")
    east, west = "vets-api-production-us-east", "vets-api-production-us-west"
    of_west = RunKey(west, "3.2.6", "redis-5.0.6", 1).snapshot_name
    assert is_run_snapshot(west, of_west, f"{west}-002")
    assert not is_run_snapshot(east, of_west, f"{west}-002")
    assert not is_run_snapshot("legacy", f"{KEY.snapshot_name}-kept", "legacy-001")


_ids = st.from_regex(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", fullmatch=True).filter(lambda text: len(text) <= 40)


@given(source=_ids, attempt=st.integers(1, 999))
def test_snapshot_names_are_ones_elasticache_takes(source: str, attempt: int) -> None:
    name = RunKey(source, "3.2.10", "redis-5.0.6", attempt).snapshot_name
    assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name)
    assert len(name) <= 40


def test_another_attempt_takes_another_snapshot() -> None:
    assert KEY.snapshot_name == RunKey("legacy", "3.2.4", "redis-5.0.6", 1).snapshot_name
    assert KEY.snapshot_name != RAISED.snapshot_name
