"""The steps that speak Redis, from inside the VPC: probe every node, count the keys."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from uplift.errors import SourceUnreachable
from uplift.inplace.report_store import ReportStore
from uplift.inplace.run_settings import RunSettings
from uplift.inplace.run_state import CensusProgress, Next, NodeAddress, ProbeResult, RunState
from uplift.keyspace.census import Census, count_page
from uplift.keyspace.connection import connected
from uplift.keyspace.endpoint import Endpoint
from uplift.keyspace.server_facts import ServerFacts, read_server_facts

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

REPLICA = "slave"


@dataclass(frozen=True, slots=True)
class DataSteps:
    """The adapters one invocation works with. `deadline` is in seconds of `clock`, short of Lambda's own."""

    settings: RunSettings
    s3: S3Client
    password: str | None
    deadline: float
    clock: Callable[[], float] = time.monotonic

    def probe(self, state: RunState) -> RunState:
        """Ask every node for INFO. A node that does not answer is a finding here, and preflight refuses on it."""
        try:
            facts = [self._facts_of(node) for node in state.nodes]
        except SourceUnreachable as problem:
            state.probe = ProbeResult(reachable=False, problem=str(problem))
            return state
        memory = [fact.memory_percent for fact in facts if fact.memory_percent is not None]
        lags = [fact.replica_lag_seconds for fact in facts if fact.replica_lag_seconds is not None]
        state.probe = ProbeResult(
            reachable=True,
            memory_percent=max(memory, default=None),
            replica_lag_seconds=max(lags, default=None),
            replica_links_up=all(fact.primary_link_up for fact in facts),
        )
        return state

    def census(self, state: RunState, name: str, progress: CensusProgress) -> RunState:
        """Count on from where the last page ended, until done or out of time; the page goes to S3."""
        node = state.census_node
        databases = self._facts_of(node).databases
        page = Census()
        progress = progress.model_copy()
        while progress.database_index < len(databases):
            with connected(self._endpoint(node), database=databases[progress.database_index]) as connection:
                counted, progress.cursor = count_page(
                    connection, progress.cursor, self.deadline, count_bytes=node.is_replica, clock=self.clock
                )
            page.add(counted)
            if progress.cursor != 0:
                break
            progress.database_index += 1
        ReportStore(self.s3, self.settings.report_bucket, state.run_key).write_census_page(name, progress.pages, page)
        progress.pages += 1
        progress.keys += page.keys
        progress.done = progress.database_index >= len(databases)
        state.next = Next.CONTINUE if progress.done else Next.WAIT
        if name == "census-before":
            state.census_before = progress
        else:
            state.census_after = progress
        return state

    def _facts_of(self, node: NodeAddress) -> ServerFacts:
        with connected(self._endpoint(node)) as connection:
            return read_server_facts(connection)

    def _endpoint(self, node: NodeAddress) -> Endpoint:
        return Endpoint(node.host, node.port, self.settings.legacy_tls, self.password)
