"""`uplift snapshots ENV`: the snapshots runs have left, and which may go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from uplift.cli.aws import Deployment, aws_named
from uplift.cli.output import AsJson, print_json, print_lines, print_table
from uplift.cli.settings import Config, Environment
from uplift.cli.table import plain_table
from uplift.inplace.run_record import SNAPSHOT_PREFIX
from uplift.settings.load import CONFIG_DIRECTORY, load_settings


@dataclass(frozen=True, slots=True)
class RunSnapshot:
    """One snapshot a run took. `is_due`: older than upgrade.keep_snapshot_days."""

    name: str
    status: str
    engine_version: str
    size: str
    taken_at: datetime | None
    is_due: bool


def snapshots(
    environment: Environment,
    config: Config = CONFIG_DIRECTORY,
    *,
    delete_due: Annotated[bool, typer.Option("--delete-due", help="Delete those older than upgrade.keep_snapshot_days.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the manual snapshots Uplift's runs have taken of legacy: each is a way back to the data until it is deleted."""
    settings = load_settings(environment, config)
    deployment = Deployment(environment, settings)
    found = _snapshots(deployment, settings.upgrade.keep_snapshot_days)
    due = [snapshot for snapshot in found if snapshot.is_due]
    if delete_due:
        for snapshot in due:
            with aws_named(f"deleting {snapshot.name}"):
                deployment.elasticache.delete_snapshot(SnapshotName=snapshot.name)
    if as_json:
        print_json([{**_as_json(snapshot), "deleted": delete_due and snapshot.is_due} for snapshot in found])
        return
    table = plain_table("snapshot", "engine", "size", "taken", "kept")
    for snapshot in found:
        taken = f"{snapshot.taken_at:%Y-%m-%d %H:%M} UTC" if snapshot.taken_at else snapshot.status
        kept = "deleted" if delete_due and snapshot.is_due else "due" if snapshot.is_due else "yes"
        table.add_row(snapshot.name, snapshot.engine_version, snapshot.size, taken, kept)
    print_table(table)
    if due and not delete_due:
        days = settings.upgrade.keep_snapshot_days
        print_lines(
            [f"{len(due)} older than upgrade.keep_snapshot_days ({days}): `uplift snapshots {environment} --delete-due` deletes them"]
        )


def _snapshots(deployment: Deployment, keep_days: int) -> list[RunSnapshot]:
    """Snapshots under our prefix and of legacy only: another environment's runs leave theirs in the same account."""
    prefix = f"{SNAPSHOT_PREFIX}{deployment.settings.legacy.id[:22].rstrip('-')}-"
    oldest = datetime.now(UTC) - timedelta(days=keep_days)
    with aws_named("listing snapshots"):
        pages = deployment.elasticache.get_paginator("describe_snapshots").paginate(SnapshotSource="user")
        found = [snapshot for page in pages for snapshot in page["Snapshots"] if snapshot["SnapshotName"].startswith(prefix)]
    result = []
    for snapshot in found:
        nodes = snapshot.get("NodeSnapshots", [])
        taken = max((node["SnapshotCreateTime"] for node in nodes if "SnapshotCreateTime" in node), default=None)
        result.append(
            RunSnapshot(
                name=snapshot["SnapshotName"],
                status=snapshot["SnapshotStatus"],
                engine_version=snapshot.get("EngineVersion", ""),
                size=nodes[0].get("CacheSize", "") if nodes else "",
                taken_at=taken,
                is_due=taken is not None and taken < oldest,
            )
        )
    return sorted(result, key=lambda one: one.taken_at or datetime.max.replace(tzinfo=UTC))


def _as_json(snapshot: RunSnapshot) -> dict[str, object]:
    return {
        "name": snapshot.name,
        "status": snapshot.status,
        "engine_version": snapshot.engine_version,
        "size": snapshot.size,
        "taken_at": snapshot.taken_at.isoformat() if snapshot.taken_at else None,
        "due": snapshot.is_due,
    }
