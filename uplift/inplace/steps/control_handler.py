"""The Lambda entry point of the control function: outside the VPC, calls AWS."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import cache

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from uplift.aws_calls import ONCE, PATIENT
from uplift.inplace.aws.alarm_actions import AlarmActions
from uplift.inplace.aws.elasticache import LegacyCache
from uplift.inplace.aws.engine_change import EngineChange
from uplift.inplace.aws.executions import Executions
from uplift.inplace.aws.notifications import Notifications
from uplift.inplace.aws.run_lock import RunLock
from uplift.inplace.records.run_settings import RunSettings
from uplift.inplace.records.run_state import RunState, Step, StepEvent
from uplift.inplace.steps.adapters import ControlAdapters
from uplift.inplace.steps.modify_and_observe import EngineSteps
from uplift.inplace.steps.preflight_and_recheck import DecisionSteps
from uplift.inplace.steps.report_and_unlock import EndingSteps
from uplift.inplace.steps.take_lock import LockStep
from uplift.inplace.steps.take_snapshot import SnapshotStep

# GovCloud has no Lambda JSON log format, so the logger writes its own JSON to stdout.
logger = Logger(service="uplift-control")


@logger.inject_lambda_context
def handler(event: dict[str, object], context: LambdaContext) -> dict[str, object]:
    """Do one step and return the run's next state."""
    request = StepEvent.model_validate(event)
    state = do_control_step(request, control_adapters(request.execution))
    logger.info("step done", extra={"step": request.step, "next": state.next, "reason": state.reason, "run_key": state.run_key})
    return state.model_dump(mode="json")


def control_adapters(execution: str) -> ControlAdapters:
    """What one execution works with, from the function's environment."""
    shared = _of_this_process()
    return replace(shared, lock=replace(shared.lock, owner=execution), execution=execution)


@cache
def _of_this_process() -> ControlAdapters:
    """Made once: boto3 reads a service's whole model for each client, and a warm function is billed for it at every step."""
    settings = RunSettings.from_environment()
    cloudwatch = boto3.client("cloudwatch", config=PATIENT)
    return ControlAdapters(
        settings=settings,
        cache=LegacyCache(boto3.client("elasticache", config=PATIENT), settings.legacy_kind, settings.legacy_id),
        engine_change=EngineChange(boto3.client("elasticache", config=ONCE), settings.legacy_kind, settings.legacy_id),
        lock=RunLock(boto3.resource("dynamodb").Table(settings.lock_table), settings.legacy_id, ""),
        s3=boto3.client("s3", config=PATIENT),
        notifications=Notifications(boto3.client("sns", config=PATIENT), cloudwatch, settings.topic_arns, settings.legacy_id),
        alarm_actions=AlarmActions(cloudwatch, settings.alarms_to_mute),
        executions=Executions(boto3.client("stepfunctions", config=PATIENT)),
        execution="",
        now=time.time,
    )


def do_control_step(request: StepEvent, adapters: ControlAdapters) -> RunState:
    """Do one of the control function's steps; raises ValueError for one of another function's."""
    state = request.state
    match request.step:
        case Step.LOCK:
            return LockStep(adapters).take_lock(state, request.entered)
        case Step.PREFLIGHT:
            return DecisionSteps(adapters).preflight(state)
        case Step.SNAPSHOT:
            return SnapshotStep(adapters).snapshot(state)
        case Step.RECHECK:
            return DecisionSteps(adapters).recheck(state)
        case Step.MODIFY:
            return EngineSteps(adapters).modify(state)
        case Step.OBSERVE:
            return EngineSteps(adapters).observe(state)
        case Step.REPORT:
            return EndingSteps(adapters).report(state, request.entered)
        case Step.UNLOCK:
            return EndingSteps(adapters).unlock(state)
        case _:
            raise ValueError(f"{request.step} is no step of the control function")
