"""Step Functions and Scheduler: moto's own state machine interpreter, with waits made shorter and roles checked."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import cache
from types import SimpleNamespace
from typing import Any

import boto3
import moto.stepfunctions.urls
from moto.stepfunctions.models import stepfunctions_backends
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.models import StepFunctionsParserBackend

from rehearsal.cloud.platform.lambda_runtime import Answer
from rehearsal.cloud.platform.permissions import Call, Permissions


def install(run_function: Callable[[str, bytes], Answer], permissions: Permissions, wait_scale: float) -> None:
    """Make state machines execute for real, wait `wait_scale` as long, and be allowed what their role allows."""
    stepfunctions_backends.backend = StepFunctionsParserBackend
    StepFunctionsParserBackend._url_module = property(lambda _self: moto.stepfunctions.urls)

    def wait(_self: Any, env: Any, wait_seconds: float) -> None:
        env.program_state_event.wait(wait_seconds * wait_scale)

    WaitFunction._wait_interval = wait
    retrier_decl.time = SimpleNamespace(sleep=lambda seconds: time.sleep(seconds * wait_scale), time=time.time)

    def invoke(env: Any, parameters: dict[str, Any], region: str, state_credentials: Any) -> None:
        function_arn, role_arn = parameters["FunctionName"], env.aws_execution_details.role_arn
        missing = permissions.missing(role_arn, Call("lambda", "InvokeFunction", {"FunctionArn": function_arn}))
        if missing is not None:
            raise PermissionError(missing)
        answer = run_function(function_arn, parameters["Payload"])
        if answer.error:
            raise lambda_eval_utils.LambdaFunctionErrorException("Unhandled", answer.payload.decode())
        env.stack.append({"Payload": json.loads(answer.payload)})

    lambda_eval_utils.execute_lambda_function_integration = invoke


def fire_schedule(client: Callable[[str], Any], permissions: Permissions, prefix: str) -> dict[str, Any]:
    """Do what EventBridge Scheduler does at the scheduled time: the deployed target, with its input, under its role."""
    scheduler = client("scheduler")
    found = [item for item in scheduler.list_schedules()["Schedules"] if item["Name"].startswith(prefix)]
    if len(found) != 1:
        return {"error": f"expected one schedule beginning with {prefix}, found {[item['Name'] for item in found]}"}
    schedule = scheduler.get_schedule(Name=found[0]["Name"], GroupName=found[0]["GroupName"])
    if schedule["State"] != "ENABLED":
        return {"error": f"schedule {found[0]['Name']} is {schedule['State']}: it never fires"}
    target = schedule["Target"]
    problem = _trust_problem(client("iam"), target["RoleArn"])
    missing = permissions.missing(target["RoleArn"], Call("states", "StartExecution", {"stateMachineArn": target["Arn"]}))
    if problem or missing:
        return {"error": problem or missing}
    scheduled_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    text = target["Input"].replace("<aws.scheduler.scheduled-time>", scheduled_at)
    started = client("stepfunctions").start_execution(stateMachineArn=target["Arn"], name=f"schedule-{time.time_ns()}", input=text)
    return {"execution": started["executionArn"], "expression": schedule["ScheduleExpression"]}


def _trust_problem(iam: Any, role_arn: str) -> str:
    document = iam.get_role(RoleName=role_arn.rsplit("/", 1)[-1])["Role"]["AssumeRolePolicyDocument"]
    trusted = json.dumps(document)
    return "" if "scheduler.amazonaws.com" in trusted else f"{role_arn} does not trust scheduler.amazonaws.com"


def server_client(url: str, region: str) -> Callable[[str], Any]:
    """Clients of this server, as the operator; each is made once, since boto3 reads a service's whole model for it."""
    session = boto3.Session(aws_access_key_id="operator", aws_secret_access_key="none", region_name=region)
    make: Any = session.client
    return cache(lambda service: make(service, endpoint_url=url))
