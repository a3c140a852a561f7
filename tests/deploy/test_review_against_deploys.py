"""The review against what the real `cdk deploy` of head over base does: stack events, connections that break, and data.

The review shares no rule with the local AWS, which has its own reading of the user guide. What neither proves: AWS itself.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.deploy.conftest import Pipeline, edited
from tests.review.edits import GROUP, Edit, both, family, parameters, put, rename

pytestmark = pytest.mark.cloud
_GROUP_TYPE = "AWS::ElastiCache::ReplicationGroup"
_FINISHED = {"CREATE_COMPLETE", "UPDATE_COMPLETE"}


@dataclass(frozen=True)
class Deployed:
    """One pair: what head changes; `base` where it has to be something else first."""

    name: str
    head: Edit
    base: Edit = lambda _templates: None

    @property
    def stack(self) -> str:
        return "Pair" + "".join(word.title() for word in self.name.split())


PAIRS = [
    Deployed("correct upgrade", both(put(EngineVersion="6.2"), family("redis6.x"))),
    Deployed("version without family", put(EngineVersion="6.2")),
    Deployed("family alone", family("redis6.x")),
    Deployed("downgrade", both(put(EngineVersion="5.0.6"), family("redis5.0")), both(put(EngineVersion="6.2"), family("redis6.x"))),
    Deployed("another port", put(Port=6380)),
    Deployed("another logical id", rename(GROUP, "RedisGroupNew")),
    Deployed("keyspace events narrowed", parameters(notify_keyspace_events="Ex")),
    Deployed("unknown parameter", parameters(maxmemory_polizy="x")),
    Deployed("TLS off", put(TransitEncryptionEnabled=False)),
    Deployed("backups off", put(SnapshotRetentionLimit=0)),
    Deployed("node type", put(CacheNodeType="cache.r5.xlarge")),
    Deployed("failover with one node", put(NumCacheClusters=1)),
    Deployed("one more node", put(NumCacheClusters=3)),
    Deployed("description", put(ReplicationGroupDescription="other words")),
]


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


@pytest.fixture(scope="module")
def bases(pipeline: Pipeline) -> Path:
    """Every pair's base, deployed at once."""
    template = pipeline.template()
    assembly = pipeline.write("bases", {pair.stack: edited(template, pair.base) for pair in PAIRS})
    done = pipeline.deploy(assembly)
    assert done.returncode == 0, done.stdout + done.stderr
    return assembly


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_a_deploy_does_what_the_review_said(pipeline: Pipeline, bases: Path, pair: Deployed) -> None:
    head = pipeline.write(f"head-{pair.stack}", {pair.stack: edited(pipeline.template(), pair.base, pair.head)})
    base = pipeline.write(f"base-{pair.stack}", {pair.stack: edited(pipeline.template(), pair.base)})
    findings = json.loads(pipeline.cloud.uplift("review", str(base), str(head), "--json").stdout)["findings"]
    before = pipeline.physical_id(pair.stack, _GROUP_TYPE)
    _connect(pipeline, pair.stack).set("canary", "here")
    client = Client(_connect(pipeline, pair.stack))
    client.start()
    began = time.time()
    try:
        done = pipeline.deploy(head)
    finally:
        client.stop()
    listed = "\n".join(f"{one['class']}: {one['what']}" for one in findings) + done.stdout + done.stderr
    assert _classes(findings, "fails at deploy") == (done.returncode != 0) == (pipeline.status(pair.stack) not in _FINISHED), listed
    assert _classes(findings, "data loss") == (pipeline.physical_id(pair.stack, _GROUP_TYPE) != before), listed
    assert _classes(findings, "data loss") == (_connect(pipeline, pair.stack).get("canary") is None), listed
    assert client.written > 0
    assert _is_cut_off(findings) == (client.broken > 0), (client.broken, time.time() - began, listed)


def _classes(findings: list[dict[str, Any]], name: str) -> bool:
    return any(one["class"] == name for one in findings)


def _is_cut_off(findings: list[dict[str, Any]]) -> bool:
    """A loss cuts clients off, and so does an outage that begins by itself; one of 0 seconds begins with a later event."""
    return any(one["class"] == "data loss" or (one["outage_seconds"] or [0])[0] > 0 for one in findings)
