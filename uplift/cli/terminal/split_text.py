"""A split's status in words: one line while it runs, and all of it for whoever asks. docs/split.md explains each line."""

from __future__ import annotations

import time

from uplift.cli.terminal.follow_text import duration, named_lines, status_line, time_left
from uplift.split.decisions.role import Role
from uplift.split.record.stage import Phase, Stage
from uplift.split.record.steps import StepName, StoredStep
from uplift.split.run.split_events import EventKind, SplitEvent
from uplift.split.run.told_of_engine import EngineTold
from uplift.split.status.split_status import CanStatus, GateStatus, HandoverStatus, SplitStatus, WayBackStatus

_MOST_SHOWN = 10


def event_line(event: SplitEvent) -> str:
    """One line for a person."""
    return event.text if event.kind is EventKind.NOTE else f"{event.kind.value}: {event.text}"


def engine_line(told: EngineTold) -> str:
    """What an engine that runs shows."""
    if told.status is not None:
        return phase_line(told.status)
    match told.role:
        case Role.STAND_BY:
            return f"{told.phase.value}: this engine stands by, {'warm' if told.is_warm else 'not warm yet'}"
        case Role.OVER:
            return told.phase.value
        case Role.BEGIN | Role.LEAD | Role.WAIT:
            return f"waiting: {told.why}" if told.why else "waiting"


def phase_line(status: SplitStatus) -> str:
    """Where it is, and the first thing it waits for."""
    parts = [status.phase.value if not status.why else f"{status.phase.value}: {status.why[0]}"]
    if len(status.why) > 1:
        parts[0] += f" (and {len(status.why) - 1} more)"
    if status.phase in {Phase.COPY, Phase.CATCHING_UP} and status.follow is not None:
        parts.append(f"follow {status_line(status.follow)}")
    if status.handover is not None:
        parts.append(f"{status.handover.jobs:,} jobs moved {status.handover.direction}")
    if status.follow is not None and status.follow.lag.p99_ms is not None:
        parts.append(f"lag {status.follow.lag.p99_ms:,.0f} ms (p99)")
    return ", ".join(parts)


def status_lines(status: SplitStatus, age_seconds: float) -> list[str]:
    """Everything, a line each."""
    resumed = ", resumed" if status.is_resumed else ""
    lines = [
        f"{status.phase.value} for {duration(status.phase_seconds)}; the application is to use the {status.side.value} side",
        f"told {duration(age_seconds)} ago by engine {status.engine}{resumed}, run {status.run}, revision {status.revision}",
    ]
    lines += [f"waits for: {one}" for one in status.why]
    if status.problem is not None:
        lines.append(f"problem: {status.problem}")
    lines += [line for name, can in status.can.items() for line in _can_lines(name, can)]
    lines += [
        f"engine {one.engine}: {'leads' if one.is_leading else 'stands by, warm' if one.is_warm else 'stands by'}" for one in status.engines
    ]
    lines += [f"{one.verdict}: {one.name}: {one.text}" for one in status.checks if one.verdict != "fine"]
    lines += _of_the_follow(status)
    if status.way_back is not None and not status.stage.is_over:
        lines += _way_back_lines(status.way_back)
    if status.handover is not None:
        lines += _handover_lines(status.handover)
    if status.gate is not None:
        lines += _gate_lines(status.gate)
    if status.quiet_seconds is not None:
        left = "legacy" if status.stage is not Stage.BACK else "the new side"
        lines.append(f"{left} has been quiet for {duration(status.quiet_seconds)}")
    lines += [
        f"still there: {one.address}{f' ({one.name})' if one.name else ''} on {one.server}, for {duration(one.age_seconds)}, "
        f"last {one.command} {duration(one.idle_seconds)} ago"
        for one in status.clients[:_MOST_SHOWN]
    ]
    lines += [f"written to legacy since the end: {pattern}: {count:,}" for pattern, count in sorted(status.late.items())]
    if status.command is not None:
        lines.append(f"under way: {status.command.asked.wish.value}, asked by {status.command.asked.who}")
        lines += [_step_line(one) for one in status.command.steps]
    if status.unfinished is not None:
        lines.append(f"not complete: {status.unfinished.wish.value}: {status.unfinished.step.value}: {status.unfinished.text}")
    lines += [_step_line(one) for one in status.steps]
    if status.hook_failures:
        lines.append(f"--on-event did not take {status.hook_failures:,} events")
    return lines


def _can_lines(name: str, can: CanStatus) -> list[str]:
    if can.is_allowed:
        return [f"{name}: yes"] + [f"  note: {one}" for one in can.notes]
    return [f"{name}: no"] + [f"  {one}" for one in can.reasons]


def _of_the_follow(status: SplitStatus) -> list[str]:
    follow = status.follow
    if follow is None:
        return []
    lines = [f"follow: {status_line(follow)}"]
    if follow.in_sync_seconds is not None:
        proof = "N/A" if follow.proof_seconds is None else duration(follow.proof_seconds)
        lines.append(f"in sync for {duration(follow.in_sync_seconds)}; the pass that proves it ended {proof} ago")
    else:
        lines.append(f"not in sync: {follow.not_in_sync or 'N/A'}; {time_left(follow.seconds_left)}")
    lines += [
        f"canary {one.direction} of {one.target}: "
        + ("none has arrived" if one.seconds is None else f"{one.seconds * 1000:,.0f} ms, {duration(one.ago_seconds or 0)} ago")
        for one in status.canaries
    ]
    if follow.throttled is not None:
        one = follow.throttled
        lines.append(f"slowed by {one.by}: {one.measured:,.1f} ms, allowed {one.limit:g} ms, for {duration(one.seconds)}")
    lines += [f"setting {name}: {value:g}" for name, value in sorted(status.settings.items())]
    lines += [f"foreign writer: {one.client} on {one.server}: {one.events:,} events" for one in follow.foreign_writers]
    lines += [f"conflicts: {count:,}: {reason}" for reason, count in sorted(follow.conflicts.items())]
    return lines + named_lines(follow)


def _way_back_lines(way_back: WayBackStatus) -> list[str]:
    takes = "" if way_back.takes_seconds is None else f"; its jobs take about {duration(way_back.takes_seconds)}"
    state = (
        f"open for {duration(way_back.seconds)}" if way_back.is_open else f"not open for {duration(way_back.seconds)}: {way_back.why_not}"
    )
    return [f"way back: {state}{takes}"] + [
        f"  stays behind: {pattern} ({count:,})" for pattern, count in sorted(way_back.stays_behind.items())
    ]


def _handover_lines(handover: HandoverStatus) -> list[str]:
    left = f"{handover.to_go:,} to go, {time_left(handover.seconds_left)}" if handover.to_go else f"{handover.jobs_left:,} left"
    state = "done" if handover.is_done else left
    lines = [f"jobs {handover.direction}: {handover.jobs:,} moved at {handover.jobs_a_second:,.0f}/s, {state}"]
    lines += [f"  problem: {one}" for one in (handover.stopped, handover.problem) if one]
    return lines + [f"  stays: {one}" for one in handover.left[:_MOST_SHOWN]]


def _gate_lines(gate: GateStatus) -> list[str]:
    at = "" if gate.instant is None else f", at {time.strftime('%H:%M:%S UTC', time.gmtime(gate.instant))}"
    what = "no side has a scheduler" if gate.is_silent else f"{gate.phase} {gate.direction}{at}: {gate.reason}"
    return [f"cron: {what}"] + [f"  by hand: {one}" for one in gate.by_hand] + [f"  in doubt: {one}" for one in gate.doubtful[:_MOST_SHOWN]]


def _step_line(step: StoredStep) -> str:
    at = time.strftime("%H:%M:%S UTC", time.gmtime(step.intent_at))
    outcome = step.outcome.value if step.outcome is not None else "under way"
    text = f": {step.text}" if step.text else ""
    return f"  {at} {step.wish.value}: {step.step.value}: {outcome}{text} (asked by {step.who}, engine {step.engine})"


def dry_run_lines(command: str, can: CanStatus, steps: list[tuple[str, bool]]) -> list[str]:
    """Whether a command would be done now, and in which steps."""
    lines = _can_lines(command, can)
    return lines + [
        f"  {number}. {name}{' (from here on it is completed, before it undone)' if is_flip else ''}"
        for number, (name, is_flip) in enumerate(steps, 1)
    ]


def report_lines(status: SplitStatus) -> list[str]:
    """What a run came to, and what may be deleted now."""
    began = min(status.reached.values(), default=status.at)
    lines = [f"run {status.run}: {status.stage.value}, {duration(status.at - began)} after it began; {status.engines_used} engines led it"]
    lines += [f"{phase}: after {duration(at - began)}" for phase, at in sorted(status.reached.items(), key=lambda pair: pair[1])]
    under_way = status.command.steps if status.command is not None else ()
    lines += [_step_line(one) for one in (*status.steps, *under_way) if one.step is not StepName.REPORT]
    if status.handover is not None:
        lines += _handover_lines(status.handover)
    if status.named:
        lines.append(f"{status.named:,} keys are named: `uplift split report --json` has them")
    if status.stage is Stage.FINISHED:
        lines.append(
            "may be deleted now: legacy, once nothing was written to it for as long as the rarest task takes; its snapshots; --state"
        )
    if status.stage is Stage.ABANDONED:
        lines.append("legacy is as it was; the new side may be deleted")
    return lines
