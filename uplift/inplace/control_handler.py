"""The Lambda entry point of the control function: outside the VPC, calls AWS."""

from __future__ import annotations

import time

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from uplift.inplace.control_steps import ControlAdapters, ControlSteps
from uplift.inplace.elasticache import PATIENT, LegacyCache
from uplift.inplace.ending_steps import EndingSteps
from uplift.inplace.executions import Executions
from uplift.inplace.run_lock import RunLock
from uplift.inplace.run_settings import RunSettings
from uplift.inplace.run_state import RunState, Step, StepEvent
from uplift.inplace.telling import Telling

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
    settings = RunSettings.from_environment()
    table = boto3.resource("dynamodb").Table(settings.lock_table)
    return ControlAdapters(
        settings=settings,
        cache=LegacyCache(boto3.client("elasticache", config=PATIENT), settings.legacy_kind, settings.legacy_id),
        lock=RunLock(table, settings.legacy_id, execution),
        s3=boto3.client("s3"),
        telling=Telling(boto3.client("sns"), boto3.client("cloudwatch"), settings.topic_arn, settings.legacy_id, settings.alarms_to_mute),
        executions=Executions(boto3.client("stepfunctions")),
        execution=execution,
        now=time.time,
    )


def do_control_step(request: StepEvent, adapters: ControlAdapters) -> RunState:
    """Do one of the control function's steps; raises ValueError for one of another function's."""
    state, steps, ending = request.state, ControlSteps(adapters), EndingSteps(adapters)
    match request.step:
        case Step.LOCK:
            return steps.take_lock(state, request.entered)
        case Step.PREFLIGHT:
            return steps.preflight(state)
        case Step.SNAPSHOT:
            return steps.snapshot(state)
        case Step.RECHECK:
            return steps.recheck(state)
        case Step.MODIFY:
            return steps.modify(state)
        case Step.OBSERVE:
            return steps.observe(state)
        case Step.REPORT:
            return ending.report(state)
        case Step.UNLOCK:
            return ending.unlock(state)
        case _:
            raise ValueError(f"{request.step} is no step of the control function")
