"""A census that cannot end in time does not count on until the state machine's own limit ends it without a word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.conftest import StartRedis
from tests.inplace.builders import NOW, run_settings
from uplift.inplace.records.run_state import Next, NodeAddress, RunState
from uplift.inplace.steps.probe_and_census import DataSteps

KEYS = 5_000


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        client = boto3.client("s3", region_name="us-gov-west-1")
        client.create_bucket(Bucket="reports", CreateBucketConfiguration={"LocationConstraint": "us-gov-west-1"})
        yield client


@pytest.mark.parametrize(("minutes", "goes_on"), [(119, Next.WAIT), (121, Next.CONTINUE), (24 * 60, Next.CONTINUE)])
def test_a_census_out_of_time_hands_on_to_the_step_that_refuses(s3: Any, start_redis: StartRedis, minutes: int, goes_on: Next) -> None:
    server = start_redis("3.2.6")
    server.client.mset({f"k:{number}": "v" for number in range(KEYS)})
    now = NOW.timestamp()
    # Its deadline is over, so that it reads one page and has more to do.
    steps = DataSteps(run_settings(), s3, lambda: None, deadline=0.0, now=lambda: now)
    node = NodeAddress(id="legacy-001", host="127.0.0.1", port=server.port, is_replica=False)
    state = steps.census_before(RunState(run_id="run", started_at=int(now) - minutes * 60, nodes=[node]))
    assert (state.census_before.done, state.next) == (False, goes_on)
    state.census_before.pages = 3
    assert steps.measure(state).next is goes_on
