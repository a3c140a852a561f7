"""The Lambda entry point of the recovery function: outside the VPC, the only one that may create a group."""

from __future__ import annotations

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from uplift.auth_token.secret import read_token
from uplift.inplace.records.run_state import RunState, Step, StepEvent
from uplift.inplace.recovery.steps import RecoverySteps
from uplift.inplace.steps.control_handler import control_adapters

# GovCloud has no Lambda JSON log format, so the logger writes its own JSON to stdout.
logger = Logger(service="uplift-recovery")


@logger.inject_lambda_context
def handler(event: dict[str, object], context: LambdaContext) -> dict[str, object]:
    """Do one step and return the recovery's next state."""
    request = StepEvent.model_validate(event)
    adapters = control_adapters(request.execution)
    steps = RecoverySteps(adapters, token=lambda: read_token(adapters.settings.legacy_auth_secret_arn))
    state = do_recovery_step(request.step, steps, request.state)
    logger.info("step done", extra={"step": request.step, "next": state.next, "reason": state.reason, "run_id": state.run_id})
    return state.model_dump(mode="json")


def do_recovery_step(step: Step, steps: RecoverySteps, state: RunState) -> RunState:
    """Do one of the recovery function's steps; raises ValueError for one of another's."""
    match step:
        case Step.RESTORE:
            return steps.restore(state)
        case Step.OBSERVE_RESTORED:
            return steps.observe_restored(state)
        case Step.LOOK_AT_LEGACY:
            return steps.look_at_legacy(state)
        case Step.REPORT_RECOVERY:
            return steps.report(state)
        case _:
            raise ValueError(f"{step} is no step of the recovery function")
