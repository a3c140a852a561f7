"""What runs: functions, state machines and schedules, and what is kept of their failures.

Facts: the guides of Lambda, Step Functions and Scheduler.
"""

from __future__ import annotations

from collections.abc import Iterator

from uplift.review.finding import OPEN_TO_EVERYBODY
from uplift.review.rules.judgement import (
    Judge,
    Judgement,
    always,
    amount,
    behaviour,
    follower,
    follows_only,
    harmless,
    outage,
    parts,
    presence,
    protection,
    security,
    switch,
    words,
)
from uplift.review.templates.differences import Change
from uplift.review.templates.known_values import at, known_number, members
from uplift.review.wording.values import flattened

_LESS_SEEN = protection("What happens is no longer written down, or less of it.")
_ANOTHER_ROLE = follower(security("It acts with the rights of another role.", "compare what the roles may do"))
_LOST_FAILURES = presence(
    removed=protection("What fails is kept nowhere."),
    added=harmless("What fails is kept."),
    changed=behaviour("What fails is kept elsewhere."),
)
# ASL calls these levels (Step Functions guide, "Log levels for Step Functions execution events").
_MACHINE_LEVELS = ("OFF", "FATAL", "ERROR", "ALL")
_TRACES = ("PassThrough", "Active")
_FUNCTION_LEVELS = ("FATAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE")


def _level(levels: tuple[str, ...], default: str, inner: str) -> Judge:
    def judge(change: Change, name: str) -> Iterator[Judgement]:
        before, after = (at(side, f"{name}.{inner}") or default for side in (change.before, change.after))
        if before == after:
            return
        known = before in levels and after in levels
        if known and levels.index(after) > levels.index(before):
            yield harmless("More is written down.").judged(f"{name}.{inner}: {before} → {after}")
        else:
            yield _LESS_SEEN.judged(f"{name}.{inner}: {flattened(before)} → {flattened(after)}")

    return judge


def _concurrency(change: Change, name: str) -> Iterator[Judgement]:
    """0 throttles every call (Lambda guide, "Configuring reserved concurrency")."""
    before, after = (known_number(at(side, name)) for side in (change.before, change.after))
    unset = at(change.after, name) is None
    if not unset and (after is None or after == 0):
        yield protection("Every call is refused: it does nothing any more.").judged(f"{name}: it does not run", words(change, name))
    elif before is not None and after is not None and after < before:
        yield behaviour("Fewer run at once; further calls wait or are refused.").judged(f"{name} less", words(change, name))
    else:
        yield behaviour().judged(f"{name} changed", words(change, name))


_NO_WAY = outage(
    "It may no longer reach what let it in by its old place in the network.", "see that everything it calls lets it in from there"
)


def network_place(change: Change, name: str) -> Iterator[Judgement]:
    """Where a function's connections come from: a subnet of several may go, a group that let it in may not."""
    if follows_only(change, name):
        yield harmless().judged(f"{name} follows", words(change, name))
        return
    groups = [{flattened(one) for one in members(at(side, f"{name}.SecurityGroupIds"))} for side in (change.before, change.after)]
    subnets = [{flattened(one) for one in members(at(side, f"{name}.SubnetIds"))} for side in (change.before, change.after)]
    if groups[0] - groups[1] or (subnets[0] and not subnets[0] & subnets[1]):
        yield _NO_WAY.judged("another place in the network", words(change, name))
    elif groups[1] - groups[0]:
        yield security("It is let in wherever the new group is.").judged("another security group", words(change, name))
    elif subnets[0] != subnets[1]:
        yield behaviour("It runs in other zones.").judged("other subnets", words(change, name))
    elif any(one.path[-1] not in {"SubnetIds", "SecurityGroupIds"} for one in change.properties if one.name == name):
        yield behaviour().judged(f"{name} changed", words(change, name))
    else:
        yield harmless("The same subnets and groups.").judged(f"{name} written otherwise")


FUNCTION: dict[str, Judge] = {
    "ReservedConcurrentExecutions": _concurrency,
    "DeadLetterConfig": _LOST_FAILURES,
    "TracingConfig": _level(_TRACES, "PassThrough", "Mode"),
    "LoggingConfig": parts(
        {
            "ApplicationLogLevel": _level(_FUNCTION_LEVELS, "INFO", "ApplicationLogLevel"),
            "SystemLogLevel": _level(_FUNCTION_LEVELS, "INFO", "SystemLogLevel"),
        },
        behaviour("It writes its logs elsewhere, or in another form."),
    ),
    "Role": _ANOTHER_ROLE,
    "VpcConfig": network_place,
    "KmsKeyArn": presence(
        removed=security("No key of ours decides any more who may read its environment."), added=behaviour(), changed=behaviour()
    ),
    "CodeSigningConfigArn": presence(removed=security("Unsigned code is taken."), added=behaviour(), changed=security("Others may sign.")),
    "RecursiveLoop": always(behaviour()),
}
_MACHINE_LOGS = parts(
    {
        "Level": _level(_MACHINE_LEVELS, "OFF", "Level"),
        "IncludeExecutionData": switch(
            off=protection("Logs no longer say what a step was given."),
            on=security("What a step is given can be read in the logs."),
            inner="IncludeExecutionData",
        ),
    },
    behaviour("It writes its logs elsewhere."),
)
MACHINE: dict[str, Judge] = {
    "LoggingConfiguration": _MACHINE_LOGS,
    "TracingConfiguration": switch(off=_LESS_SEEN, on=harmless("Executions are traced."), inner="Enabled"),
    "RoleArn": _ANOTHER_ROLE,
    "EncryptionConfiguration": presence(
        removed=security("No key of ours decides any more who may read its executions."), added=behaviour(), changed=behaviour()
    ),
}


def _target(change: Change, name: str) -> Iterator[Judgement]:
    """What a schedule starts, in whose name, with what, and what becomes of a failure (Scheduler API, Target)."""
    for one in change.properties:
        if one.name != name:
            continue
        part = one.path[1] if len(one.path) > 1 else ""
        said = f"{one}: {flattened(one.before)} → {flattened(one.after)}"
        if one.follows:
            yield harmless().judged(f"{name} follows", words(change, name))
        elif part == "RoleArn":
            yield security("It is started with the rights of another role.").judged("another role", said)
        elif part == "DeadLetterConfig" and at(change.after, f"{name}.DeadLetterConfig") is None:
            yield protection("A start that fails is kept nowhere.").judged("no dead letters any more", said)
        elif part == "RetryPolicy" and not _tried_no_less(change, name):
            yield protection("A start that fails is tried less often.").judged("fewer retries", said)
        else:
            yield behaviour("It starts something else, or something with another input.").judged(f"{one} changed", said)


def _tried_no_less(change: Change, name: str) -> bool:
    """185 times within a day where nothing is said (Scheduler API, RetryPolicy)."""
    for part, default in (("MaximumRetryAttempts", 185), ("MaximumEventAgeInSeconds", 86_400)):
        before, after = (known_number(at(side, f"{name}.RetryPolicy.{part}"), default) for side in (change.before, change.after))
        if before is None or after is None or after < before:
            return False
    return True


SCHEDULE: dict[str, Judge] = {
    "Target": _target,
    "FlexibleTimeWindow": always(behaviour("It may start at another minute.")),
    "StartDate": always(behaviour("It starts to count at another time.")),
    "EndDate": always(behaviour("It ends at another time.")),
    "GroupName": follower(behaviour("It is in another group.")),
}
_TRIED = amount(less=protection("It is tried less often."), more=behaviour("It is tried more often."), default=2)
EVENT_SOURCE: dict[str, Judge] = {
    "Enabled": switch(off=behaviour("It no longer starts anything."), on=behaviour("It starts something by itself."), default=True),
    "DestinationConfig": _LOST_FAILURES,
}


def _url(change: Change, name: str) -> Iterator[Judgement]:
    if at(change.after, name) == "AWS_IAM":
        yield behaviour("Callers have to sign their requests.").judged("signed requests only", words(change, name))
    else:
        yield security("Whoever knows the address may call it.", "use AWS_IAM").judged(OPEN_TO_EVERYBODY, words(change, name))


BY_TYPE: dict[str, dict[str, Judge]] = {
    "AWS::Lambda::Function": FUNCTION,
    "AWS::StepFunctions::StateMachine": MACHINE,
    "AWS::Scheduler::Schedule": SCHEDULE,
    "AWS::Lambda::EventSourceMapping": EVENT_SOURCE,
    "AWS::Lambda::EventInvokeConfig": {"DestinationConfig": _LOST_FAILURES, "MaximumRetryAttempts": _TRIED},
    "AWS::Lambda::Url": {"AuthType": _url, "Cors": always(security("Pages of other sites may call it."))},
    "AWS::Lambda::LayerVersionPermission": {"Principal": always(security("Others may use it."))},
    "AWS::ECS::Service": {
        "NetworkConfiguration": follower(_NO_WAY),
        "DesiredCount": amount(less=outage("Fewer tasks answer."), more=behaviour("More tasks run."), default=1),
    },
    "AWS::SSM::MaintenanceWindow": {"Enabled": switch(off=behaviour(), on=behaviour(), default=True)},
}
