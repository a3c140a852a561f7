"""The steps that speak Redis, from inside the VPC: probe every node, read the cold keys, look at them again."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from uplift.errors import BadInput, SourceUnreachable, TargetRefused
from uplift.inplace.aws.report_store import AFTER, BEFORE, COMPARE, MEASURE, CheckPage, ReportBucketUnusable, ReportStore
from uplift.inplace.decisions.time_left import why_out_of_time
from uplift.inplace.records.run_settings import RunSettings
from uplift.inplace.records.run_state import CensusProgress, CheckProgress, Next, NodeAddress, ProbeResult, RunState
from uplift.keyspace.census.census import count_page, read_page
from uplift.keyspace.census.cold_check import ColdCheck, check_page
from uplift.keyspace.keymap.key_label import KeyLabels
from uplift.keyspace.keymap.pattern import pattern_of
from uplift.keyspace.server.connection import Connection, connected
from uplift.keyspace.server.endpoint import Endpoint
from uplift.keyspace.server.facts import ServerFacts, read_server_facts

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Enough to know the application's rate; reading them again takes about a minute on a small function.
MOST_MEASURED = 1_000_000
_MOST_LABELS_A_PAGE = 200


@dataclass(frozen=True, slots=True)
class DataSteps:
    """The adapters one invocation works with. `token` reads legacy's AUTH token, None where it has none; `deadline` is in seconds of
    `clock`, short of Lambda's own, `now` in seconds since 1970.
    """

    settings: RunSettings
    s3: S3Client
    token: Callable[[], str | None]
    deadline: float
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time

    def probe(self, state: RunState) -> RunState:
        """Try from inside the VPC all that a census needs later: the token, every node, the bucket.

        What does not answer is a finding here, and preflight refuses on it.
        """
        bucket_problem = self._bucket_problem(state)
        try:
            self.token()
        except (ClientError, BotoCoreError, BadInput) as problem:
            state.probe = ProbeResult(reachable=False, token_problem=str(problem), bucket_problem=bucket_problem)
            return state
        try:
            facts = [self._facts_of(node) for node in state.nodes]
        except (SourceUnreachable, TargetRefused, BadInput) as problem:
            state.probe = ProbeResult(reachable=False, problem=str(problem), bucket_problem=bucket_problem)
            return state
        memory = [fact.memory_percent for fact in facts if fact.memory_percent is not None]
        lags = [fact.replica_lag_seconds for fact in facts if fact.replica_lag_seconds is not None]
        state.probe = ProbeResult(
            reachable=True,
            bucket_problem=bucket_problem,
            memory_percent=max(memory, default=None),
            replica_lag_seconds=max(lags, default=None),
            replica_links_up=all(fact.primary_link_up for fact in facts),
        )
        return state

    def _bucket_problem(self, state: RunState) -> str:
        try:
            self._store(state).check_round_trip()
        except ReportBucketUnusable as problem:
            return str(problem)
        return ""

    def census_before(self, state: RunState) -> RunState:
        """Count all keys and digest the cold ones, page by page, until done or out of time."""
        node, progress = state.census_node, state.census_before.model_copy()
        databases = self._facts_of(node).databases
        store = self._store(state)
        while progress.database_index < len(databases):
            database = databases[progress.database_index]
            with connected(self._endpoint(node), database=database) as connection:
                census, cold, progress.cursor = read_page(
                    connection,
                    database,
                    progress.cursor,
                    self.deadline,
                    cold_after_seconds=self.settings.cold_after_seconds,
                    clock=self.clock,
                )
            store.write_census_page(BEFORE, progress.pages, census)
            store.write_cold_keys(progress.pages, cold)
            progress.pages += 1
            progress.keys += census.keys
            progress.cold_keys += len(cold.keys)
            progress.database_index += progress.cursor == 0
            if self.clock() >= self.deadline:
                break
        state.census_before = _ended(progress, len(databases))
        state.next = Next.CONTINUE if progress.done or self._is_out_of_time(state) else Next.WAIT
        return state

    def census_after(self, state: RunState) -> RunState:
        """Count on from where the last page ended, until done or out of time."""
        node, progress = state.census_node, state.census_after.model_copy()
        databases = self._facts_of(node).databases
        store = self._store(state)
        while progress.database_index < len(databases):
            with connected(self._endpoint(node), database=databases[progress.database_index]) as connection:
                census, progress.cursor = count_page(
                    connection, progress.cursor, self.deadline, count_bytes=node.is_replica, clock=self.clock
                )
            store.write_census_page(AFTER + state.suffix, progress.pages, census)
            progress.pages += 1
            progress.keys += census.keys
            if progress.cursor != 0:
                break
            progress.database_index += 1
        state.census_after = _ended(progress, len(databases))
        state.next = Next.CONTINUE if progress.done else Next.WAIT
        return state

    def measure(self, state: RunState) -> RunState:
        """Look at cold keys again before anything has changed: what differs now is the application's doing."""
        state.measure = self._check(state, MEASURE, state.measure, most_keys=MOST_MEASURED)
        # Kept in the bucket as well: an execution that goes on with this run after its modify has no state of it.
        self._store(state).write(MEASURE, state.measure.model_dump(mode="json"))
        state.next = Next.CONTINUE if state.measure.done or self._is_out_of_time(state) else Next.WAIT
        return state

    def compare(self, state: RunState) -> RunState:
        """Look at all cold keys again, after the upgrade."""
        state.compare = self._check(state, COMPARE, state.compare, most_keys=None)
        state.next = Next.CONTINUE if state.compare.done else Next.WAIT
        return state

    def _is_out_of_time(self, state: RunState) -> bool:
        """Whether there is no use in counting on: the next step of the control function refuses, and says why."""
        return bool(why_out_of_time(state.started_at, datetime.fromtimestamp(self.now(), UTC), self.settings.not_after))

    def _check(self, state: RunState, name: str, before: CheckProgress, *, most_keys: int | None) -> CheckProgress:
        progress = before.model_copy()
        store = self._store(state)
        labels = KeyLabels(store.label_secret())
        last = state.census_before.pages
        while progress.pages < last and (most_keys is None or progress.keys < most_keys):
            check = self._check_page(state, store, progress.pages)
            named = "".join(f"{fate}: database {key.database} {key.name!r}\n" for fate, key in check.named) if name == COMPARE else ""
            store.write_check(name + state.suffix, progress.pages, _as_page(check, labels), named)
            progress.pages += 1
            progress.keys += check.total.compared
            if self.clock() >= self.deadline:
                break
        progress.done = progress.pages >= last or (most_keys is not None and progress.keys >= most_keys)
        facts = self._facts_of(state.primary_node)
        progress.primary, progress.evicted, progress.expired = facts.run_id, facts.evicted_keys, facts.expired_keys
        return progress

    def _check_page(self, state: RunState, store: ReportStore, page: int) -> ColdCheck:
        with ExitStack() as stack:
            opened: dict[tuple[str, int], Connection] = {}

            def to(node: NodeAddress, database: int) -> Connection:
                if (node.id, database) not in opened:
                    opened[node.id, database] = stack.enter_context(connected(self._endpoint(node), database=database))
                return opened[node.id, database]

            return check_page(
                store.read_cold_keys(page),
                lambda database: to(state.census_node, database),
                lambda database: to(state.primary_node, database),
            )

    def _store(self, state: RunState) -> ReportStore:
        return ReportStore(self.s3, self.settings.report_bucket, state.run_id)

    def _facts_of(self, node: NodeAddress) -> ServerFacts:
        with connected(self._endpoint(node)) as connection:
            return read_server_facts(connection)

    def _endpoint(self, node: NodeAddress) -> Endpoint:
        return Endpoint(node.host, node.port, self.settings.legacy_tls if node.tls is None else node.tls, self.token())


def _ended(progress: CensusProgress, databases: int) -> CensusProgress:
    progress.done = progress.database_index >= databases
    return progress


def _as_page(check: ColdCheck, labels: KeyLabels) -> CheckPage:
    # By the pattern it is counted by: read_loss_proof.py, which has all counts, hides the words that few keys share.
    named = [f"{fate}: {pattern_of(key.name)} #{labels.digest(key.name)}" for fate, key in check.named[:_MOST_LABELS_A_PAGE]]
    return CheckPage(check.total, check.patterns, named)
