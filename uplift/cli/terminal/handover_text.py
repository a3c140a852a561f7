"""A handover in words: one line while it runs, what is left, and what is not promised."""

from __future__ import annotations

from uplift.cli.handover.status import HandoverPhase, HandoverStatus, LeftStatus, PlaceStatus
from uplift.cli.terminal.follow_text import duration
from uplift.sidekiq.handover.forgotten import ForgottenChunk
from uplift.sidekiq.handover.handover import Ended
from uplift.sidekiq.handover.wishes import Part
from uplift.sidekiq.keys.shown_names import cut, shown_name
from uplift.sidekiq.mover.resuming import Stop

_MOST_PLACES = 5
NOT_PROMISED = (
    "what Sidekiq loses or doubles by itself: a basic fetch or a poller that is killed, a hard shutdown, a web page killed in “retry now”",
    "a job that ran on the new side before the new side had replicated it, and that then fails over: it runs twice",
    "a worker that stands still for a minute is taken for dead: the job it holds in a private queue runs twice",
    "order of moved jobs against those of the new side (they go behind them), across queues, and of equal scores",
    "uniqueness across both sides while both produce (Enterprise unique locks)",
    "batches while a process of the old side lives; Pro and Enterprise were simulated, not run",
    "with --without-wait, after a failover: lost or doubled jobs are named by chunk, not repaired",
    "`dead` above Sidekiq's own limits (10,000 jobs, 180 days): Sidekiq trims it",
    "jobs that are pushed to the old side after it was done",
    "cron: `every` jobs around the turn, and a gate that is dead at the turn",
    "what the new side's SLOWLOG shows: it may hold payloads of jobs; nothing that is printed here does",
)


def status_line(status: HandoverStatus) -> str:
    """What a person watches; the first words are the phase."""
    parts = [status.phase.value, f"{status.jobs:,} jobs moved"]
    if status.phase is HandoverPhase.MOVING:
        left = f"{duration(status.seconds_left)} left" if status.seconds_left is not None else "time left N/A"
        parts += [f"{status.jobs_a_second:,.0f}/s", f"{status.to_go:,} to go", left]
    if (left_jobs := sum(one.jobs for one in status.left if one.part != Part.STATISTICS)) > 0:
        parts.append(f"{left_jobs:,} stay")
    if status.given_back:
        parts.append(f"{status.given_back:,} given back by dead owners")
    if status.remaining is not None and status.remaining.alive:
        parts.append(f"{status.remaining.alive:,} old processes live")
    if status.problem is not None:
        parts.append(status.problem)
    return ", ".join(parts)


def left_lines(left: tuple[LeftStatus, ...]) -> list[str]:
    """A line for each."""
    return [f"left: {_place(one)}: {one.jobs:,}: {one.reason}; {one.advice}" for one in left]


def place_lines(status: HandoverStatus) -> list[str]:
    """A line for each queue and sorted set that something was moved of, or that holds something."""
    return [
        f"{_place(one)}: {one.state.value}, {one.moved:,} moved" + (f", {one.waiting:,} to go" if one.waiting else "")
        for one in status.places
        if one.moved or one.waiting
    ]


def forgotten_lines(stop: Stop, chunks: tuple[ForgottenChunk, ...]) -> list[str]:
    """A line for each chunk that a server forgot: jids, where they are known, and never what a job says."""
    runs = "may run twice" if stop.source_forgot else "may be lost"
    return [f"chunk {one.number}: {_forgotten(one)}, {runs}" for one in chunks]


def _forgotten(chunk: ForgottenChunk) -> str:
    if chunk.jobs is None:
        return "jobs that nobody knows any more"
    place = "" if chunk.place is None else f" of {chunk.place.kind.value} {shown_name(chunk.place.name)}"
    jids = "".join(f" {shown_name(jid)}" for jid in chunk.jids)
    return f"{chunk.jobs:,} jobs{place}{f': jid{jids}' if jids else ''}"


def ended_line(status: HandoverStatus) -> str:
    """How it ended."""
    stays = _what_stays(status.left)
    match status.ended:
        case Ended.EMPTY:
            but = f"; but {stays}" if stays else ""
            return f"done: {status.jobs:,} jobs moved; the old side is empty, has no process, and stayed so{but}"
        case Ended.ROUND if stays:
            return f"went round once: {status.jobs:,} jobs moved; {stays}"
        case Ended.ROUND:
            since = (
                f"; {status.came_since:,} came since: go round again, or until it is over with --until-empty" if status.came_since else ""
            )
            return f"all moved: {status.jobs:,} jobs{since}"
        case Ended.FENCED:
            return f"another mover works on this run: {status.jobs:,} jobs moved by this one; it does nothing more"
        case Ended.STOPPED:
            chunks = f" (chunks {status.forgotten[0]} to {status.forgotten[-1]})" if status.forgotten else ""
            return f"stopped: {status.problem}{chunks}; nothing more is moved: docs/sidekiq.md says what to look at"
        case None:
            return f"not over: {status.jobs:,} jobs moved"


def _place(one: PlaceStatus | LeftStatus) -> str:
    return f"{one.part} {cut(one.name)}" if one.name else one.part


def _what_stays(left: tuple[LeftStatus, ...]) -> str:
    """Empty where nothing does. A counter and what is no list are no jobs, so that they are named, not counted."""
    places = list(dict.fromkeys(map(_place, left)))
    more = f" and {len(places) - _MOST_PLACES:,} more" if len(places) > _MOST_PLACES else ""
    count = sum(one.jobs for one in left if one.part != Part.STATISTICS)
    stay = f"{count:,} jobs stay" if count else "something stays"
    return f"{stay}: {', '.join(places[:_MOST_PLACES])}{more}" if places else ""
