"""What both state machines are made of: tasks that do one step of a function, and a machine with its role and log group."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from stacks.shared.acknowledge import acknowledge_wildcards
from stacks.shared.vended_logs import VENDED_LOGS
from uplift.inplace.records.run_state import Next, Step

# Only what says that the function did not run, or that AWS asked to slow down: no other error may repeat a step.
RETRIED_ERRORS = (
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    "Throttled",
)
# A change that never reached AWS may be asked for again.
RETRIED_CHANGES = (*RETRIED_ERRORS, "NotTaken")
# Where nothing is changed, reading again is safe; after an engine change or a restore DNS may still be moving.
RETRIED_READS = (*RETRIED_ERRORS, "SourceUnreachable", "TargetRefused")
_LOG_ACTIONS = (
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
)
_TRACE_ACTIONS = (
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
)


class StepMachine:
    """A machine in `scope`, which may call exactly these functions."""

    def __init__(
        self,
        scope: Construct,
        *,
        definition: sfn.IChainable,
        functions: Sequence[lambda_.IFunction],
        longest: Duration,
        role_path: str,
        log_retention: logs.RetentionDays,
    ) -> None:
        role = iam.Role(scope, "Role", assumed_by=iam.ServicePrincipal("states.amazonaws.com"), path=role_path)
        arns = [function.function_arn for function in functions]
        role.add_to_policy(iam.PolicyStatement(sid="Invoke", actions=["lambda:InvokeFunction"], resources=arns))
        # Logs and traces have no ARN to name (Service Authorization Reference).
        role.add_to_policy(iam.PolicyStatement(sid="LogsAndTraces", actions=[*_LOG_ACTIONS, *_TRACE_ACTIONS], resources=["*"]))
        acknowledge_wildcards(role, {"Resource::*": "log delivery and X-Ray actions have no resource to name"})
        self.machine = sfn.StateMachine(
            scope,
            "Machine",
            definition_body=sfn.DefinitionBody.from_chainable(definition),
            timeout=longest,
            role=role.without_policy_updates(),
            tracing_enabled=True,
            logs=sfn.LogOptions(
                destination=_log_group(scope, log_retention),
                level=sfn.LogLevel.ALL,
                include_execution_data=False,
            ),
        )


def _log_group(scope: Construct, retention: logs.RetentionDays) -> logs.LogGroup:
    name = f"{VENDED_LOGS}{Stack.of(scope).stack_name}-{scope.node.id}"
    return logs.LogGroup(scope, "Logs", log_group_name=name, retention=retention, removal_policy=RemovalPolicy.DESTROY)


def step_task(
    scope: Construct, name: str, *, step: Step, function: lambda_.IFunction, retried: tuple[str, ...] = RETRIED_ERRORS
) -> tasks.LambdaInvoke:
    """A task that does one step: the state goes in whole and comes back whole."""
    task = tasks.LambdaInvoke(
        scope,
        name,
        lambda_function=function,
        payload=sfn.TaskInput.from_object(
            {
                "step": step.value,
                "execution": sfn.JsonPath.string_at("$$.Execution.Id"),
                "entered": sfn.JsonPath.string_at("$$.State.EnteredTime"),
                "state": sfn.JsonPath.object_at("$"),
            }
        ),
        payload_response_only=True,
        retry_on_service_exceptions=False,
    )
    task.add_retry(errors=list(retried), interval=Duration.seconds(5), max_attempts=6, backoff_rate=2, max_delay=Duration.seconds(60))
    return task


def counting_task(
    scope: Construct,
    name: str,
    *,
    step: Step,
    function: lambda_.IFunction,
    then: sfn.IChainable,
    report: sfn.IChainable,
    trouble: str,
    retried: tuple[str, ...],
) -> sfn.IChainable:
    """A step that comes back until it is done; what is caught goes to `report` in the state's field `trouble`."""
    count = step_task(scope, name, step=step, function=function, retried=retried)
    count.add_catch(report, result_path=f"$.{trouble}")
    count.next(sfn.Choice(scope, f"{name}Done").when(next_is(Next.WAIT), count).otherwise(then))
    return count


def next_is(value: Next) -> sfn.Condition:
    """Whether the last step said so."""
    return sfn.Condition.string_equals("$.next", value.value)
