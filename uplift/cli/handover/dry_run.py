"""What a handover would do: read from both sides, nothing written."""

from __future__ import annotations

from dataclasses import dataclass

from uplift.cli.handover.status import left_status
from uplift.cli.terminal.handover_text import NOT_PROMISED, left_lines
from uplift.keyspace.server.connection import connected
from uplift.keyspace.server.endpoint import Endpoint
from uplift.sidekiq.handover.beginning import Prepared, prepare
from uplift.sidekiq.handover.old_side import NewSide, OldSide, read_new_side, read_old_side
from uplift.sidekiq.handover.planning import Plan, place_taken, plan_round
from uplift.sidekiq.handover.refusals import refuse_what_is_not_understood
from uplift.sidekiq.handover.wishes import Wishes
from uplift.sidekiq.keys.key_kinds import KeyKind
from uplift.sidekiq.keys.shown_names import shown_name
from uplift.sidekiq.keys.survey import OfSidekiq, Survey, survey


@dataclass(frozen=True, slots=True)
class DryRun:
    """All that was read, and what it comes to."""

    prepared: Prepared
    survey: Survey
    old: OldSide
    new: NewSide
    plan: Plan


def read_dry_run(source: Endpoint, target: Endpoint, database: int, wishes: Wishes, is_of_sidekiq: OfSidekiq) -> DryRun:
    """Look at both sides. Raises HandoverRefused where a handover would, SourceUnreachable."""
    prepared = prepare(source, target, database, waits=False)
    with connected(source, database=database) as here, connected(target, database=database) as there:
        keys = survey(here, is_of_sidekiq)
        refuse_what_is_not_understood(keys)
        old = read_old_side(here)
        new = read_new_side(there, old.public)
    return DryRun(prepared, keys, old, new, plan_round(old, new, wishes))


def dry_run_lines(found: DryRun) -> list[str]:
    """One screen for a person."""
    counts = found.old.jobs_by_place
    lines = ["would be moved:"]
    for part, taking in found.plan.takings:
        place = place_taken(part, taking)
        if jobs := counts.get(place, 0):
            lines.append(f"  {part.value}{f' {shown_name(place[1])}' if place[1] else ''}: {jobs:,} at most")
    lines += [f"  {left_line}" for left_line in left_lines(tuple(map(left_status, found.plan.left)))]
    private = len(found.old.private(found.survey.of(KeyKind.QUEUE)))
    kinds = found.survey.counts
    lines.append(f"private queues: {private}; batches: {kinds[KeyKind.BATCH]:,} keys; locks: {kinds[KeyKind.LOCK]:,}")
    alive = [sum(one.is_alive for one in processes) for processes in (found.old.processes, found.new.processes)]
    lines.append(f"processes with a heartbeat: {alive[0]} on the old side, {alive[1]} on the new one")
    here, there = found.prepared.source.replicas, found.prepared.target.replicas
    alone = "" if here and there else "; a server without one that is lost is lost with its jobs"
    lines.append(f"replicas to wait for: {here} of the source, {there} of the target{alone}")
    return [*lines, "not promised:", *(f"  {number}. {text}" for number, text in enumerate(NOT_PROMISED, 1))]
