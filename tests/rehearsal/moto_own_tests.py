"""A pytest plugin that puts the local ElastiCache in place of moto's, for moto's own tests: `pytest -p tests.rehearsal.moto_own_tests`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.cloud.elasticache import responses as elasticache_responses
from rehearsal.cloud.elasticache.node_factory import NodeFactory
from rehearsal.cloud.elasticache.service import ElastiCache
from rehearsal.cloud.faults import Faults
from rehearsal.cloud.platform.messages import AccountTopics
from rehearsal.cloud.timing import Timing
from rehearsal.run.installed_tools import InstalledTools


@pytest.fixture(autouse=True)
def ours() -> Iterator[None]:
    """A fresh ElastiCache of ours for every test."""
    with tempfile.TemporaryDirectory() as folder:
        factory = NodeFactory(InstalledTools().redis_servers, Path(folder))
        elasticache_responses.install(
            ElastiCache(factory, Timing(status_seconds=0.0), Faults([]), AccountTopics("123456789012", "us-gov-west-1"))
        )
        yield
        factory.stop_all()
