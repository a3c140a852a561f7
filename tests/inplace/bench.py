"""One run in this process: the real steps walk the synthesised state machine over the local cloud's API, without stacks or Lambda."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

from rehearsal.run.local_cloud import LocalCloud
from tests.inplace.asl_walker import State, TaskFailed, Walked, walk
from tests.inplace.builders import run_settings
from uplift.aws_calls import ONCE, PATIENT
from uplift.errors import Throttled, UpliftError
from uplift.inplace.aws.alarm_actions import AlarmActions
from uplift.inplace.aws.elasticache import LegacyCache
from uplift.inplace.aws.engine_change import EngineChange
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

WAIT_SCALE = 0.001
_DATA_STEPS = {Step.PROBE, Step.CENSUS_BEFORE, Step.MEASURE, Step.CENSUS_AFTER, Step.COMPARE}
# Sessions of a run of their own read the services' models from here: reading them anew took most of a run's time.
_MODELS = botocore.session.get_session().get_component("data_loader")


class Killed(BaseException):
    """The function's process died here; nothing of its code runs any more."""


class Stopped(BaseException):
    """Somebody stopped the execution here: neither the function nor the state machine goes on."""


@dataclass(frozen=True)
class Bench:
    """A local cloud with the tables and buckets a run needs, and no stacks; `kind` is what legacy is."""

    cloud: LocalCloud
    definition: dict[str, Any]
    kind: LegacyKind = LegacyKind.STANDALONE

    def plan(self, legacy: str, attempt: int) -> str:
        """What somebody would approve: the plan of this legacy before anything has happened to it."""
        settings = self.settings(legacy, attempt, approved=False)
        cache = LegacyCache(self.cloud.client("elasticache"), settings.legacy_kind, legacy)
        observation = cache.observe()
        before = replace(observation, members=tuple(replace(member, engine_version="3.2.6") for member in observation.members))
        needed = needed_acknowledgements(before, [])
        return plan_digest(before, settings, {}, [], needed)

    def settings(self, legacy: str, attempt: int, *, approved: bool = True) -> RunSettings:
        return run_settings(
            attempt=attempt,
            legacy_kind=self.kind,
            legacy_id=legacy,
            parameter_group="new-params",
            acknowledged=tuple(Acknowledgement),
            **({"approved_plan": self.plan(legacy, attempt), "approved_by": "the test"} if approved else {}),
            not_after="2100-01-01T00:00:00Z",
            topic_arn=f"arn:aws-us-gov:sns:{self.cloud.region}:{self.cloud.account}:people",
        )

    def counts(self, names: list[str]) -> dict[str, int]:
        """How many snapshots and modifies of these runs ElastiCache accepted."""
        modify = "ModifyCacheCluster" if self.kind is LegacyKind.STANDALONE else "ModifyReplicationGroup"
        counts = {"CreateSnapshot": 0, modify: 0}
        for line in (self.cloud.folder / "calls.jsonl").read_text().splitlines():
            call = json.loads(line)
            if call["principal"] in names and call["status"] < 400 and call["action"] in counts:
                counts[call["action"]] += 1
        return counts


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


@dataclass(frozen=True)
class Hooks:
    """What happens around every call of a run to AWS, and around every step; `twice`: each step is done again with the same state."""

    before_call: Callable[[], None] = lambda: None
    after_call: Callable[[], None] = lambda: None
    before_step: Callable[[Step], None] = lambda _step: None
    after_step: Callable[[Step], None] = lambda _step: None
    twice: bool = False


def run_once(bench: Bench, legacy: str, name: str, clock: Clock, hooks: Hooks, attempt: int = 1) -> Walked:
    """Walk one execution to its end; the calls in the cloud's log carry its name."""
    core = botocore.session.get_session()
    core.register_component("data_loader", _MODELS)
    session = boto3.Session(botocore_session=core, aws_access_key_id=name, aws_secret_access_key="none", region_name=bench.cloud.region)
    session.events.register("before-send", lambda **_: hooks.before_call())
    session.events.register("needs-retry", lambda **_: hooks.after_call())
    settings = bench.settings(legacy, attempt)
    make: Any = session.client

    @cache
    def client(service: str, config: Config = PATIENT) -> Any:
        return make(service, endpoint_url=bench.cloud.url, config=config)

    resource: Any = session.resource
    table = resource("dynamodb", endpoint_url=bench.cloud.url).Table("locks")

    def adapters(execution: str) -> ControlAdapters:
        return ControlAdapters(
            settings=settings,
            cache=LegacyCache(client("elasticache"), settings.legacy_kind, legacy),
            engine_change=EngineChange(client("elasticache", ONCE), settings.legacy_kind, legacy),
            lock=RunLock(table, legacy, name),
            s3=client("s3"),
            notifications=Notifications(client("sns"), client("cloudwatch"), settings.topic_arns, legacy),
            alarm_actions=AlarmActions(client("cloudwatch")),
            executions=Executions(client("stepfunctions")),
            execution=execution,
            now=clock.now,
        )

    def do(request: StepEvent) -> RunState:
        if request.step in _DATA_STEPS:
            return do_data_step(request.step, DataSteps(settings, client("s3"), lambda: None, time.monotonic() + 60), request.state)
        return do_control_step(request, adapters(request.execution))

    def task(step: str, state: State) -> State:
        try:
            request = StepEvent(step=Step(step), execution=f"arn:{name}", state=RunState.model_validate(state))
            hooks.before_step(request.step)
            done = do(request)
            if hooks.twice:
                # The first answer was lost on its way, and Step Functions asked again.
                done = do(StepEvent(step=Step(step), execution=f"arn:{name}", state=RunState.model_validate(state)))
            hooks.after_step(request.step)
            return done.model_dump(mode="json")
        except Killed:
            raise TaskFailed("Runtime.ExitError") from None
        except Throttled as problem:
            raise TaskFailed("Throttled", str(problem)) from problem
        except UpliftError as problem:
            raise TaskFailed(type(problem).__name__, str(problem)) from problem

    return walk(bench.definition, {}, task, wait=clock.wait)


def versions(bench: Bench, legacy: str) -> set[str]:
    """What the servers of legacy run."""
    return {server["version"] for server in bench.cloud.command("servers") if server["id"].startswith(legacy)}
