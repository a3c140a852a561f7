"""The review against what a deploy of head over base does: stack events, connections that break, and data.

A deploy is a change set, as the CDK CLI makes one; three pairs go through the CLI itself as well, the others in `make fuzz`. The review
shares no rule with the local AWS, which has its own reading of the user guide. What neither proves: AWS itself.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from typer.testing import CliRunner

from tests.deploy.conftest import Pipeline, Template, edited
from tests.review.edits import GROUP, Edit, both, family, parameters, put, rename
from uplift.cli.main import application

pytestmark = pytest.mark.cloud
_GROUP_TYPE = "AWS::ElastiCache::ReplicationGroup"
_FINISHED = {"CREATE_COMPLETE", "UPDATE_COMPLETE"}


@dataclass(frozen=True)
class Pair:
    """One pair: what head changes; `base` where it has to be something else first."""

    name: str
    head: Edit
    base: Edit = lambda _templates: None


PAIRS = [
    Pair("correct upgrade", both(put(EngineVersion="6.2"), family("redis6.x"))),
    Pair("version without family", put(EngineVersion="6.2")),
    Pair("family alone", family("redis6.x")),
    Pair("downgrade", both(put(EngineVersion="5.0.6"), family("redis5.0")), both(put(EngineVersion="6.2"), family("redis6.x"))),
    Pair("another port", put(Port=6380)),
    Pair("another logical id", rename(GROUP, "RedisGroupNew")),
    Pair("keyspace events narrowed", parameters(notify_keyspace_events="Ex")),
    Pair("unknown parameter", parameters(maxmemory_polizy="x")),
    Pair("TLS off", put(TransitEncryptionEnabled=False)),
    Pair("backups off", put(SnapshotRetentionLimit=0)),
    Pair("node type", put(CacheNodeType="cache.r5.xlarge")),
    Pair("failover with one node", put(NumCacheClusters=1)),
    Pair("one more node", put(NumCacheClusters=3)),
    Pair("description", put(ReplicationGroupDescription="other words")),
]
# One that is deployed, one that replaces and one that AWS refuses.
_BY_THE_CLI = ("correct upgrade", "another port", "unknown parameter")


@dataclass
class Client(threading.Thread):
    """Holds one connection and writes through it, as an application does; counts how often it broke."""

    connection: redis.Redis
    broken: int = 0
    written: int = 0
    _stop_asked: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        while not self._stop_asked.is_set():
            try:
                self.connection.set("written", self.written)
                self.written += 1
            except redis.RedisError:
                self.broken += 1
            self._stop_asked.wait(0.02)

    def stop(self) -> None:
        self._stop_asked.set()
        self.join(30)


def _connect(pipeline: Pipeline, stack: str) -> redis.Redis:
    group = pipeline.physical_id(stack, _GROUP_TYPE)
    found = pipeline.cloud.client("elasticache").describe_replication_groups(ReplicationGroupId=group)["ReplicationGroups"][0]
    address = found["NodeGroups"][0]["PrimaryEndpoint"]
    secret = pipeline.physical_id(stack, "AWS::SecretsManager::Secret")
    token = pipeline.cloud.client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"]
    return redis.Redis(
        address["Address"],
        address["Port"],
        password=token,
        ssl=True,
        ssl_ca_certs=str(pipeline.cloud.ca_file),
        protocol=2,
        driver_info=None,
        retry=Retry(NoBackoff(), 0),
        # Only a connection that is closed counts as broken, not a busy machine.
        socket_timeout=60,
    )


def _by_change_set(pipeline: Pipeline, stack: str, template: Template) -> bool:
    return pipeline.change(stack, template) in _FINISHED


def _by_the_cli(pipeline: Pipeline, stack: str, template: Template) -> bool:
    done = pipeline.deploy(pipeline.write(f"head-{stack}", {stack: template}))
    assert (done.returncode == 0) == (pipeline.status(stack) in _FINISHED), done.stdout + done.stderr
    return done.returncode == 0


Deploy = Callable[[Pipeline, str, Template], bool]
_WAYS = [
    *[pytest.param(pair, _by_change_set, id=f"{pair.name}-change set") for pair in PAIRS],
    *[
        pytest.param(pair, _by_the_cli, id=f"{pair.name}-cdk deploy", marks=[] if pair.name in _BY_THE_CLI else pytest.mark.nightly)
        for pair in PAIRS
    ],
]


@pytest.fixture
def stack(pipeline: Pipeline, request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of a stack of one test's own, which is gone afterwards."""
    name = "Pair" + "".join(word.title() for word in re.split(r"\W", request.node.callspec.id))
    yield name
    pipeline.delete(name)


@pytest.mark.parametrize(("pair", "deploy"), _WAYS)
def test_a_deploy_does_what_the_review_said(pipeline: Pipeline, stack: str, pair: Pair, deploy: Deploy) -> None:
    base, head = edited(pipeline.template(), pair.base), edited(pipeline.template(), pair.base, pair.head)
    findings = _review(pipeline, stack, base, head)
    assert pipeline.change(stack, base) in _FINISHED
    before = pipeline.physical_id(stack, _GROUP_TYPE)
    _connect(pipeline, stack).set("canary", "here")
    client = Client(_connect(pipeline, stack))
    client.start()
    try:
        is_deployed = deploy(pipeline, stack, head)
    finally:
        client.stop()
    listed = "\n".join(f"{one['class']}: {one['what']}" for one in findings)
    assert _classes(findings, "fails at deploy") == (not is_deployed), listed
    assert _classes(findings, "data loss") == (pipeline.physical_id(stack, _GROUP_TYPE) != before), listed
    assert _classes(findings, "data loss") == (_connect(pipeline, stack).get("canary") is None), listed
    assert client.written > 0
    assert _is_cut_off(findings) == (client.broken > 0), (client.broken, listed)


def _review(pipeline: Pipeline, stack: str, base: Template, head: Template) -> list[dict[str, Any]]:
    sides = [pipeline.write(f"review-{side}-{stack}", {stack: template}) for side, template in (("base", base), ("head", head))]
    findings: list[dict[str, Any]] = json.loads(CliRunner().invoke(application, ["review", *map(str, sides), "--json"]).stdout)["findings"]
    return findings


def _classes(findings: list[dict[str, Any]], name: str) -> bool:
    return any(one["class"] == name for one in findings)


def _is_cut_off(findings: list[dict[str, Any]]) -> bool:
    """A loss cuts clients off, and so does an outage that begins by itself; one of 0 seconds begins with a later event."""
    return any(one["class"] == "data loss" or (one["outage_seconds"] or [0])[0] > 0 for one in findings)
