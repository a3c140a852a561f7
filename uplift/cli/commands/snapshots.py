"""`uplift snapshots ENV`: the snapshots runs have left, and which may be deleted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from uplift.aws_calls import aws_named
from uplift.cli.deployment import Deployment
from uplift.cli.options.environment import Config, Environment
from uplift.cli.terminal.output import AsJson, print_json, print_lines, print_table
from uplift.cli.terminal.table import plain_table
from uplift.inplace.records.observation import SnapshotObservation
from uplift.inplace.records.run_record import is_run_snapshot, snapshot_prefix
from uplift.settings.load import CONFIG_DIRECTORY, load_settings


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
    days = settings.upgrade.keep_snapshot_days
    oldest = datetime.now(UTC) - timedelta(days=days)
    with aws_named("listing snapshots"):
        named = deployment.legacy.snapshots_named(snapshot_prefix(settings.legacy.id))
    ours = (snapshot for snapshot in named if is_run_snapshot(settings.legacy.id, snapshot.name, snapshot.source_id))
    found = sorted(ours, key=_taken_at)
    due = [snapshot for snapshot in found if _taken_at(snapshot) < oldest]
    if delete_due:
        for snapshot in due:
            with aws_named(f"deleting {snapshot.name}"):
                deployment.elasticache.delete_snapshot(SnapshotName=snapshot.name)
    if as_json:
        print_json([_as_json(snapshot, due=snapshot in due, deleted=delete_due and snapshot in due) for snapshot in found])
        return
    table = plain_table("snapshot", "engine", "size", "taken", "kept")
    for snapshot in found:
        taken = f"{snapshot.created_at:%Y-%m-%d %H:%M} UTC" if snapshot.created_at else snapshot.status
        kept = "yes" if snapshot not in due else "deleted" if delete_due else "due"
        table.add_row(snapshot.name, snapshot.engine_version, snapshot.size, taken, kept)
    print_table(table)
    if due and not delete_due:
        print_lines(
            [f"{len(due)} older than upgrade.keep_snapshot_days ({days}): `uplift snapshots {environment} --delete-due` deletes them"]
        )


def _taken_at(snapshot: SnapshotObservation) -> datetime:
    """One that is not finished is the newest of all."""
    return snapshot.created_at or datetime.max.replace(tzinfo=UTC)


def _as_json(snapshot: SnapshotObservation, *, due: bool, deleted: bool) -> dict[str, object]:
    return {
        "name": snapshot.name,
        "status": snapshot.status,
        "engine_version": snapshot.engine_version,
        "size": snapshot.size,
        "taken_at": snapshot.created_at.isoformat() if snapshot.created_at else None,
        "due": due,
        "deleted": deleted,
    }
