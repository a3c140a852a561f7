"""`uplift upgrade`, `status` and `stop`: the deployed in-place upgrade, by hand."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from uplift.aws_calls import aws_named
from uplift.cli.deployment import Deployment
from uplift.cli.executions import Machine
from uplift.cli.options.environment import Config, Environment
from uplift.cli.terminal.live_line import live_line
from uplift.cli.terminal.output import AsJson, print_json, print_lines
from uplift.errors import ExitCode
from uplift.inplace.aws.alarm_actions import AlarmActions
from uplift.inplace.aws.executions import RUNNING, SUCCEEDED, Look
from uplift.inplace.records.run_phases import PHASES, may_have_modified
from uplift.settings.load import CONFIG_DIRECTORY, load_settings

STATE_MACHINE_FACT = "upgrade/state-machine-arn"


def upgrade(
    environment: Environment,
    config: Config = CONFIG_DIRECTORY,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Stop after the preflight: nothing is touched.")] = False,
    as_json: AsJson = False,
) -> None:
    """Start the deployed upgrade now and watch it: exit 0 when it succeeded, 1 when it did not."""
    machine = _machine(environment, config)
    arn = machine.start({"trigger": "by hand", "dry_run": dry_run})
    try:
        with live_line() as show:
            look = machine.watch(arn, lambda seen: show(_now(seen)))
    except KeyboardInterrupt:
        print_lines([f"the run goes on in AWS: `uplift status {environment}` to watch, `uplift stop {environment}` to stop it"])
        raise typer.Exit(ExitCode.FAILED) from None
    _print(environment, look, as_json=as_json)
    if look.status != SUCCEEDED:
        raise typer.Exit(ExitCode.FAILED)


def status(
    environment: Environment,
    config: Config = CONFIG_DIRECTORY,
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Go on until the run has ended.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say where the newest run stands and what it waits for: exit 1 when it ended badly."""
    machine = _machine(environment, config)
    arn = machine.newest()
    if arn is None:
        print_lines([f"no run of {environment} has been started yet"])
        return
    look = machine.look(arn)
    if watch and look.status == RUNNING:
        with live_line() as show:
            look = machine.watch(arn, lambda seen: show(_now(seen)))
    _print(environment, look, as_json=as_json)
    if look.status not in (RUNNING, SUCCEEDED):
        raise typer.Exit(ExitCode.FAILED)


def stop(environment: Environment, config: Config = CONFIG_DIRECTORY, *, as_json: AsJson = False) -> None:
    """Stop the running upgrade: before the modify that cancels it, afterwards it only ends the watching."""
    machine = _machine(environment, config)
    looks = []
    for arn in machine.running():
        machine.stop(arn, "uplift stop")
        # Looked at after the stop: a modify that began in between is seen.
        looks.append(machine.look(arn))
    # Also where nothing runs: an execution that ended by its time limit leaves them muted.
    unmuted = _unmute(machine.deployment)
    if as_json:
        print_json({"schema": "uplift.stop/1", "stopped": [_as_json(environment, look) for look in looks], "alarms_act_again": unmuted})
        return
    print_lines([line for look in looks for line in _stopped(environment, look)] or [f"no run of {environment} is under way"])
    if unmuted:
        print_lines([f"alarm actions are enabled again: {', '.join(unmuted)}"])


def _stopped(environment: str, look: Look) -> list[str]:
    if may_have_modified(look.entered):
        return [
            f"stopped watching {_name(look)}: its modify was sent or is being sent, and a started engine change cannot be stopped",
            f"legacy goes on changing; `uplift upgrade {environment}` goes on with this run by observing, and compares the data at the end",
        ]
    return [f"cancelled {_name(look)} in {look.state}: no modify was sent, legacy is as it was; a snapshot of the run may remain"]


def _unmute(deployment: Deployment) -> list[str]:
    actions = AlarmActions(deployment.cloudwatch, deployment.settings.legacy.alarms_to_mute)
    with aws_named("enabling the actions of legacy's alarms"):
        actions.unmute()
    return list(actions.alarms)


def _machine(environment: str, config: Config) -> Machine:
    deployment = Deployment(environment, load_settings(environment, config))
    return Machine(deployment, deployment.fact(STATE_MACHINE_FACT))


def _now(look: Look) -> str:
    phase = PHASES.get(look.state)
    if look.status != RUNNING or phase is None:
        return look.status.lower()
    seconds = time.time() - look.states[-1][1]
    return f"{phase.name}, {seconds:.0f} s: {look.reason or phase.waits_for}"


def _name(look: Look) -> str:
    run = look.last.get("run_id")
    return f"run {run}" if run else "the run"


def _print(environment: str, look: Look, *, as_json: bool) -> None:
    if as_json:
        print_json(_as_json(environment, look))
    else:
        print_lines(_as_lines(environment, look))


def _as_lines(environment: str, look: Look) -> list[str]:
    phase = PHASES.get(look.state)
    took = (look.stopped_at or time.time()) - look.started_at
    lines = [f"{_name(look)}: {look.status.lower()}{f', {look.outcome}' if look.outcome else ''}, {took:.0f} s"]
    if look.status == RUNNING and phase is not None:
        since = time.time() - look.states[-1][1]
        lines += [
            f"phase: {phase.name}, in {look.state} for {since:.0f} s",
            f"waits for: {phase.waits_for}",
            f"usually: {phase.usual}",
            f"stopping it now: {'cancels it, legacy stays as it is' if phase.before_modify else 'only ends the watching'}",
        ]
    lines += [f"last step: {look.reason}"] if look.reason else []
    lines += [f"finding: {finding}" for finding in look.last.get("findings", [])]
    if look.last.get("run_id") and look.status != RUNNING:
        lines.append(f"report: uplift report {environment} {look.last['run_id']}")
    return lines


def _as_json(environment: str, look: Look) -> dict[str, object]:
    phase = PHASES.get(look.state)
    return {
        "schema": "uplift.status/1",
        "environment": environment,
        "execution": look.arn,
        "run": look.last.get("run_id", ""),
        "plan": look.last.get("plan", ""),
        "status": look.status,
        "outcome": look.outcome,
        "reason": look.reason,
        "state": look.state,
        "phase": phase.name if phase else "",
        "waits_for": phase.waits_for if phase and look.status == RUNNING else "",
        "before_modify": not may_have_modified(look.entered),
        "findings": look.last.get("findings", []),
    }
