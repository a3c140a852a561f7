"""`uplift report ENV RUN`: what a run left in the bucket, for people, machines and as a page."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Optional

import typer
from botocore.exceptions import ClientError
from pydantic import TypeAdapter

from uplift.aws_calls import aws_named
from uplift.cli.deployment import Deployment
from uplift.cli.executions import Machine
from uplift.cli.options.environment import Config, Environment
from uplift.cli.terminal.output import AsJson, print_json, print_lines, print_table
from uplift.cli.terminal.table import plain_table
from uplift.errors import BadInput
from uplift.inplace.aws.executions import Look
from uplift.inplace.records.loss_proof import ColdProof
from uplift.inplace.records.run_report import SCHEMA, RunReport, report_as_json
from uplift.keyspace.census.cold_check import ColdCount
from uplift.report.run_page import write_page
from uplift.report.run_story import run_story
from uplift.settings.load import CONFIG_DIRECTORY, load_settings

_RUN_ID = re.compile(r"[0-9a-f]{10}")
_MOST_SHOWN = 20
_REPORT = TypeAdapter(RunReport)
Run = Annotated[str, typer.Argument(help="The run's id: ten hexadecimal digits, from its mail or `status`.")]
Html = Annotated[Optional[Path], typer.Option("--html", help="Also write a page of its own to this file.")]  # noqa: UP045


def report(environment: Environment, run: Run, config: Config = CONFIG_DIRECTORY, *, html: Html = None, as_json: AsJson = False) -> None:
    """Show the newest report of one run."""
    if not _RUN_ID.fullmatch(run):
        raise BadInput(f"RUN {run!r} is no run, allowed: ten hexadecimal digits, as `uplift status {environment}` prints them")
    deployment = Deployment(environment, load_settings(environment, config))
    found = read_report(deployment, run)
    if html is not None:
        look = _history(deployment, found.execution)
        states, ended_at = (look.states, look.stopped_at or time.time()) if look else ((), 0.0)
        write_page(run_story(found, states, ended_at), html)
    if as_json:
        print_json(report_as_json(found))
        return
    print_lines(_lines(found))
    cold = found.proof.cold
    if cold is not None and cold.patterns:
        table = plain_table("pattern of cold keys", "expired", "missing", "changed")
        for pattern, count in sorted(cold.patterns.items()):
            table.add_row(pattern, *(f"{number:,}" for number in (count.expired, count.missing, _changed(count))))
        print_table(table)
    if html is not None:
        print_lines([f"page: {html}"])


def read_report(deployment: Deployment, run: str) -> RunReport:
    """The report of a run's newest execution. Raises BadInput where there is none."""
    bucket = deployment.fact("upgrade/report-bucket")
    with aws_named(f"reading the reports in s3://{bucket}"):
        pages = deployment.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"runs/{run}/report-")
        found = [item for page in pages for item in page.get("Contents", [])]
        if not found:
            raise BadInput(f"run {run} has no report in s3://{bucket}: `uplift status` names the newest run")
        newest = max(found, key=lambda item: item["LastModified"])
        body = deployment.s3.get_object(Bucket=bucket, Key=newest["Key"])["Body"].read()
    # One that an older run wrote gets the fields of now, and so their schema.
    return replace(_REPORT.validate_python(json.loads(body)), schema=SCHEMA)


def _history(deployment: Deployment, execution: str) -> Look | None:
    """The execution, as long as Step Functions keeps it (90 days)."""
    try:
        deployment.states.describe_execution(executionArn=execution)
    except ClientError:
        return None
    return Machine(deployment, "").look(execution)


def _lines(report: RunReport) -> list[str]:
    lines = [
        f"run {report.run_id} of {report.source} ({report.environment}): {report.outcome}",
        report.reason,
        f"plan {report.plan or '?'} approved by {report.approved_by or 'nobody'}, started {report.trigger}",
        f"engine: {report.version_before} -> {report.version_after or report.version_before}, {report.seconds} s",
        f"snapshot: {report.snapshot or 'none'} {report.snapshot_size}".rstrip(),
    ]
    if report.proof.counts is not None:
        lines.append(f"keys: {report.proof.counts.before:,} before, {report.proof.counts.after:,} after")
    lines += _cold_lines(report.proof.cold) if report.proof.cold is not None else []
    lines += [f"finding: {finding}" for finding in report.findings]
    lines += [f"trouble: {trouble}" for trouble in report.troubles]
    return lines


def _cold_lines(cold: ColdProof) -> list[str]:
    after, judged = cold.after, cold.judgement
    lines = [
        f"cold keys: {after.compared:,} compared, {after.same:,} the same, {after.expired:,} expired, "
        f"{after.missing:,} missing, {_changed(after):,} changed",
        f"explained: the application deletes at most {judged.missing.by_application:,} and changes at most "
        f"{judged.changed.by_application:,} in that time, the server evicted {cold.evicted_counter:,}",
    ]
    if judged.loss:
        lines += [f"  {label}" for label in cold.labels[:_MOST_SHOWN]]
        lines += [f"clear names: in the report bucket under {cold.clear_names}"]
    return lines


def _changed(count: ColdCount) -> int:
    return count.value_changed + count.ttl_changed
