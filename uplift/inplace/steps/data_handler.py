"""The Lambda entry point of the data function: inside the VPC, speaks Redis."""

from __future__ import annotations

import time
from functools import cache

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from uplift.auth_token.secret import read_token
from uplift.aws_calls import PATIENT
from uplift.inplace.records.run_settings import RunSettings
from uplift.inplace.records.run_state import RunState, Step, StepEvent
from uplift.inplace.steps.probe_and_census import DataSteps

# GovCloud has no Lambda JSON log format, so the logger writes its own JSON to stdout.
logger = Logger(service="uplift-data")

# A page is begun while there is time left, and may take this long.
_SECONDS_KEPT_FOR_WRITING = 60.0


@logger.inject_lambda_context
def handler(event: dict[str, object], context: LambdaContext) -> dict[str, object]:
    """Do one step and return the run's next state."""
    request = StepEvent.model_validate(event)
    state = do_data_step(request.step, _steps(context), request.state)
    logger.info("step done", extra={"step": request.step, "next": state.next, "run_key": state.run_key})
    return state.model_dump(mode="json")


def _steps(context: LambdaContext) -> DataSteps:
    settings = RunSettings.from_environment()
    seconds = context.get_remaining_time_in_millis() / 1000 - _SECONDS_KEPT_FOR_WRITING
    return DataSteps(
        settings=settings,
        s3=boto3.client("s3", config=PATIENT),
        token=cache(lambda: read_token(settings.legacy_auth_secret_arn)),
        deadline=time.monotonic() + seconds,
    )


def do_data_step(step: Step, steps: DataSteps, state: RunState) -> RunState:
    """Do one of the data function's steps; raises ValueError for one of the control function's."""
    match step:
        case Step.PROBE:
            return steps.probe(state)
        case Step.CENSUS_BEFORE:
            return steps.census_before(state)
        case Step.MEASURE:
            return steps.measure(state)
        case Step.CENSUS_AFTER:
            return steps.census_after(state)
        case Step.COMPARE:
            return steps.compare(state)
        case _:
            raise ValueError(f"{step} is no step of the data function")
