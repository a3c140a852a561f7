"""`uplift recover ENV --run ID`: a run's snapshot into a new group, compared with what was there."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Annotated

import typer
from pydantic import TypeAdapter

from uplift.aws_calls import aws_named
from uplift.cli.deployment import Deployment
from uplift.cli.executions import Machine
from uplift.cli.options.environment import Config, Environment
from uplift.cli.terminal.live_line import live_line
from uplift.cli.terminal.output import AsJson, print_json, print_lines, print_table
from uplift.cli.terminal.table import plain_table
from uplift.errors import ExitCode
from uplift.inplace.aws.executions import RUNNING, SUCCEEDED, Look
from uplift.inplace.recovery.steps import SCHEMA, RecoveryReport
from uplift.settings.load import CONFIG_DIRECTORY, load_settings

_REPORT = TypeAdapter(RecoveryReport)
Run = Annotated[str, typer.Option("--run", help="The run's id: ten hexadecimal digits, from its mail, `status` or `report`.")]


def recover(environment: Environment, run: Run, config: Config = CONFIG_DIRECTORY, *, as_json: AsJson = False) -> None:
    """Restore a run's snapshot into a new group and compare it; legacy is only read. Exit 0 when every cold key is there or expired."""
    deployment = Deployment(environment, load_settings(environment, config))
    machine = Machine(deployment, deployment.fact("upgrade/recovery-machine-arn"))
    arn = machine.start({"run_id": run})
    try:
        with live_line() as show:
            look = machine.watch(arn, lambda seen: show(_now(seen)))
    except KeyboardInterrupt:
        print_lines(
            [f"the recovery goes on in AWS; the same command again finds its group and goes on: uplift recover {environment} --run {run}"]
        )
        raise typer.Exit(ExitCode.FAILED) from None
    if not look.last.get("report_key"):
        print_lines([f"nothing was restored: {look.reason or look.error}"])
        raise typer.Exit(ExitCode.FAILED)
    report = _read(deployment, str(look.last["report_key"]))
    if as_json:
        print_json(asdict(report))
    else:
        _print(report)
    if look.status != SUCCEEDED:
        raise typer.Exit(ExitCode.FAILED)


def _now(look: Look) -> str:
    return look.status.lower() if look.status != RUNNING else f"{look.state}, {look.reason}"


def _read(deployment: Deployment, key: str) -> RecoveryReport:
    bucket = deployment.fact("upgrade/report-bucket")
    with aws_named(f"reading s3://{bucket}/{key}"):
        body = deployment.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    # One that older functions wrote gets the fields of now, and so their schema.
    return replace(_REPORT.validate_python(json.loads(body)), schema=SCHEMA)


def _print(report: RecoveryReport) -> None:
    until = datetime.fromtimestamp(report.has_writes_until, UTC)
    print_lines(
        [
            f"{report.outcome}: {report.reason}",
            f"group: {report.group_id}, redis {report.version}, from snapshot {report.snapshot}",
            f"endpoint: {report.endpoint}",
            f"it has writes until {until:%Y-%m-%d %H:%M:%S} UTC; those after are in legacy only",
            *(f"trouble: {trouble}" for trouble in report.troubles),
        ]
    )
    table = plain_table("pattern", "before", "legacy now", "restored")
    for row in report.patterns:
        now = "?" if row.legacy_now is None else f"{row.legacy_now:,}"
        if not row.before == row.restored == row.legacy_now:
            table.add_row(row.pattern, f"{row.before:,}", now, f"{row.restored:,}")
    print_table(table)
    print_lines(["legacy is left as it is; patterns with equal counts are not shown"])
