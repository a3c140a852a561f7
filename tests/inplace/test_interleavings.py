"""Two starts at once, on real Redis servers: one snapshot and one modify, whatever the order of their calls.

The two executions walk the synthesised state machine with the real steps. Before every AWS call each waits for its
turn, which is drawn; what reached ElastiCache is counted in the local API log. The walker stands in for Step
Functions, so this does not prove Step Functions' own behaviour; the rehearsal and test_deployed.py run that.
"""

from __future__ import annotations

import json
import random
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import boto3
import pytest

from rehearsal.cloud.timing import Timing
from rehearsal.run.installed_tools import InstalledTools
from rehearsal.run.local_cloud import LocalCloud
from tests.inplace.asl_walker import State, TaskFailed, Walked, definition_of, walk
from tests.inplace.builders import run_settings
from tests.inplace.turns import Turns
from uplift.errors import Throttled, UpliftError
from uplift.inplace.aws.alarm_actions import AlarmActions
from uplift.inplace.aws.elasticache import LegacyCache
from uplift.inplace.aws.executions import Executions
from uplift.inplace.aws.notifications import Notifications
from uplift.inplace.aws.run_lock import RunLock
from uplift.inplace.decisions.plan_digest import plan_digest
from uplift.inplace.decisions.preflight import needed_acknowledgements
from uplift.inplace.records.run_settings import RunSettings
from uplift.inplace.records.run_state import RunState, Step, StepEvent
from uplift.inplace.steps.adapters import ControlAdapters
from uplift.inplace.steps.control_handler import do_control_step
from uplift.inplace.steps.data_handler import do_data_step
from uplift.inplace.steps.probe_and_census import DataSteps
from uplift.settings.legacy import LegacyKind
from uplift.settings.upgrade import Acknowledgement

pytestmark = pytest.mark.cloud
WAIT_SCALE = 0.001
_DATA_STEPS = {Step.PROBE, Step.CENSUS_BEFORE, Step.MEASURE, Step.CENSUS_AFTER, Step.COMPARE}


class Killed(BaseException):
    """The function's process died here; nothing of its code runs any more."""


class Stopped(BaseException):
    """Somebody stopped the execution here: neither the function nor the state machine goes on."""


@dataclass(frozen=True)
class Bench:
    """A local cloud with the tables and buckets a run needs, and no stacks."""

    cloud: LocalCloud
    definition: dict[str, Any]

    def plan(self, legacy: str, attempt: int) -> str:
        """What somebody would approve: the plan of this legacy before anything has happened to it."""
        settings = self.settings(legacy, attempt, approved=False)
        cache = LegacyCache(self.cloud.client("elasticache"), settings.legacy_kind, legacy)
        observation = cache.observe()
        before = replace(observation, members=tuple(replace(member, engine_version="3.2.6") for member in observation.members))
        needed = needed_acknowledgements(before, [])
        return plan_digest(before, settings, [], needed)

    def settings(self, legacy: str, attempt: int, *, approved: bool = True) -> RunSettings:
        return run_settings(
            attempt=attempt,
            legacy_kind=LegacyKind.STANDALONE,
            legacy_id=legacy,
            parameter_group="new-params",
            acknowledged=tuple(Acknowledgement),
            **({"approved_plan": self.plan(legacy, attempt), "approved_by": "the test"} if approved else {}),
            not_after="2100-01-01T00:00:00Z",
            topic_arn=f"arn:aws-us-gov:sns:{self.cloud.region}:{self.cloud.account}:people",
        )

    def counts(self, names: list[str]) -> dict[str, int]:
        """How many snapshots and modifies of these runs ElastiCache accepted."""
        counts = {"CreateSnapshot": 0, "ModifyCacheCluster": 0}
        for line in (self.cloud.folder / "calls.jsonl").read_text().splitlines():
            call = json.loads(line)
            if call["principal"] in names and call["status"] < 400 and call["action"] in counts:
                counts[call["action"]] += 1
        return counts


@pytest.fixture(scope="module")
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
        cloud.client("sns").create_topic(Name="people")
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


@dataclass
class Clock:
    """The run's own time: a Wait state passes at once here, but counts in full."""

    ahead: float = 0.0

    def now(self) -> float:
        return time.time() + self.ahead

    def pass_by(self, seconds: float) -> None:
        self.ahead += seconds

    def wait(self, seconds: float) -> None:
        time.sleep(seconds * WAIT_SCALE)
        self.pass_by(seconds)


def _run(
    bench: Bench,
    legacy: str,
    name: str,
    clock: Clock,
    before_call: Callable[[], None],
    after_call: Callable[[], None],
    attempt: int = 1,
) -> Walked:
    session = boto3.Session(aws_access_key_id=name, aws_secret_access_key="none", region_name=bench.cloud.region)
    session.events.register("before-send", lambda **_: before_call())
    session.events.register("needs-retry", lambda **_: after_call())
    settings = bench.settings(legacy, attempt)
    make: Any = session.client

    @cache
    def client(service: str) -> Any:
        return make(service, endpoint_url=bench.cloud.url)

    resource: Any = session.resource
    table = resource("dynamodb", endpoint_url=bench.cloud.url).Table("locks")

    def task(step: str, state: State) -> State:
        try:
            request = StepEvent(step=Step(step), execution=f"arn:{name}", state=RunState.model_validate(state))
            if request.step in _DATA_STEPS:
                data = DataSteps(settings, client("s3"), None, time.monotonic() + 60)
                return do_data_step(request.step, data, request.state).model_dump(mode="json")
            adapters = ControlAdapters(
                settings=settings,
                cache=LegacyCache(client("elasticache"), settings.legacy_kind, legacy),
                lock=RunLock(table, legacy, name),
                s3=client("s3"),
                notifications=Notifications(client("sns"), client("cloudwatch"), settings.topic_arn, legacy),
                alarm_actions=AlarmActions(client("cloudwatch")),
                executions=Executions(client("stepfunctions")),
                execution=request.execution,
                now=clock.now,
            )
            return do_control_step(request, adapters).model_dump(mode="json")
        except Killed:
            raise TaskFailed("Runtime.ExitError") from None
        except Throttled as problem:
            raise TaskFailed("Throttled", str(problem)) from problem
        except UpliftError as problem:
            raise TaskFailed(type(problem).__name__, str(problem)) from problem

    return walk(bench.definition, {}, task, wait=clock.wait)


def _versions(bench: Bench, legacy: str) -> list[str]:
    return [server["version"] for server in bench.cloud.command("servers") if server["id"] == legacy]


@pytest.mark.parametrize("number", range(50))
def test_two_starts_make_one_snapshot_and_one_modify(bench: Bench, legacy: str, number: int, draws: random.Random) -> None:
    names = [f"run-{number}-a", f"run-{number}-b"]
    turns = Turns(names, draws)
    ended: dict[str, Walked | BaseException] = {}

    def execute(name: str) -> None:
        try:
            ended[name] = _run(bench, legacy, name, Clock(), lambda: turns.wait(name), lambda: None)
        except BaseException as problem:  # noqa: BLE001
            ended[name] = problem
        finally:
            turns.leave(name)

    threads = [threading.Thread(target=execute, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bench.counts(names) == {"CreateSnapshot": 1, "ModifyCacheCluster": 1}, f"order {turns.order}"
    outcomes = [(one.last, one.data.get("outcome")) if isinstance(one, Walked) else one for one in ended.values()]
    assert ("Succeeded", "upgraded") in outcomes, f"{outcomes}, order {turns.order}"
    assert all(isinstance(one, Walked) and one.succeeded for one in ended.values()), f"{outcomes}, order {turns.order}"
    assert _versions(bench, legacy) == ["5.0.6"]


@pytest.mark.parametrize("death", [Killed, Stopped])
@pytest.mark.parametrize("number", range(15))
def test_whatever_dies_at_any_call_there_is_one_modify(
    bench: Bench, legacy: str, number: int, death: type[BaseException], draws: random.Random
) -> None:
    """A process dies, or the whole execution is stopped, before or after one call; later starts, after the lease, end it.

    Where it died between writing down the modify and sending it, nobody can know that it was not sent: the run ends
    with the advice to raise the attempt, and with that it goes through.
    """
    strike = Strike(draws.randint(1, 60), after=draws.random() < 0.5, death=death)
    clock, names, ends, attempt = Clock(), [], [], 1
    for start in range(4):
        names.append(f"{death.__name__}-{number}-{start}")
        try:
            last = _run(bench, legacy, names[-1], clock, strike.before_call, strike.after_call, attempt=attempt)
        except Stopped:
            clock.pass_by(1000)
            continue
        ends.append((last.last, last.data["outcome"], last.data["reason"]))
        if last.last == "Succeeded":
            break
        clock.pass_by(1000)
        if "raise upgrade.attempt" in last.data["reason"]:
            assert bench.counts(names)["ModifyCacheCluster"] == 0
            attempt += 1
    story = f"{strike}, ends {ends}"
    counts = bench.counts(names)
    assert ends[-1][0] == "Succeeded", story
    assert "refused" not in [outcome for _state, outcome, _reason in ends], story
    assert counts["ModifyCacheCluster"] == 1, story
    assert counts["CreateSnapshot"] == attempt, story
    assert _versions(bench, legacy) == ["5.0.6"], story


@dataclass
class Strike:
    """Lets something die before or after one call, counted over all starts."""

    at: int
    after: bool
    death: type[BaseException]
    calls: int = 0

    def before_call(self) -> None:
        self.calls += 1
        if self.calls == self.at and not self.after:
            raise self.death

    def after_call(self) -> None:
        if self.calls == self.at and self.after:
            raise self.death
