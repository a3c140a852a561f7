"""A local cloud without stacks, for runs that happen in this process."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from rehearsal.cloud.timing import Timing
from rehearsal.run.installed_tools import InstalledTools
from rehearsal.run.local_cloud import LocalCloud
from tests.inplace.asl_walker import definition_of
from tests.inplace.bench import WAIT_SCALE, Bench


@pytest.fixture(scope="session")
def bench(installed_tools: InstalledTools, tmp_path_factory: pytest.TempPathFactory, upgrade_template: dict[str, Any]) -> Iterator[Bench]:
    timing = Timing(outage_seconds=0, status_seconds=0.02, wait_scale=WAIT_SCALE)
    folder = tmp_path_factory.mktemp("interleavings")
    with LocalCloud(installed_tools, folder, account="123456789012", region="us-gov-west-1", timing=timing, faults=[]) as cloud:
        cloud.client("dynamodb").create_table(
            TableName="locks",
            KeySchema=[{"AttributeName": "source", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "source", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        cloud.client("s3").create_bucket(Bucket="reports", CreateBucketConfiguration={"LocationConstraint": cloud.region})
        people = cloud.client("sns").create_topic(Name="people")["TopicArn"]
        cloud.client("sns").subscribe(TopicArn=people, Protocol="email", Endpoint="on-call@example.gov")
        cloud.client("elasticache").create_cache_parameter_group(
            CacheParameterGroupName="new-params", CacheParameterGroupFamily="redis5.0", Description="new"
        )
        yield Bench(cloud, definition_of(upgrade_template))


@pytest.fixture
def legacy(bench: Bench, request: pytest.FixtureRequest) -> Iterator[str]:
    identifier = f"legacy-{zlib.crc32(request.node.name.encode())}"
    bench.cloud.command("create-legacy", id=identifier, version="3.2.6", nodes=1, node_type="cache.r5.large", standalone=True)
    yield identifier
    bench.cloud.command("delete-legacy", id=identifier)
