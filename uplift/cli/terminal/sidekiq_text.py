"""The status of one side or two for a person: tables in which both stand beside each other, and what goes wrong."""

from __future__ import annotations

from rich.table import Table

from uplift.cli.terminal.table import plain_table
from uplift.sidekiq.keys.key_kinds import KeyKind
from uplift.sidekiq.keys.shown_names import counted, cut, printable, shown_name
from uplift.sidekiq.status.pitfall import Pitfall
from uplift.sidekiq.status.queue_rates import QueueRate
from uplift.sidekiq.status.scheduler_status import Scheduler, SchedulerStatus
from uplift.sidekiq.status.side_status import SideStatus
from uplift.sidekiq.status.sorted_sets import SortedSet
from uplift.sidekiq.status.spoken_time import spoken
from uplift.sidekiq.status.watched_side import Watched

_MOST_ROWS = 30
_MOST_CLASSES = 12
_MOST_TIMES = 5


def sides_table(sides: list[SideStatus]) -> Table:
    """What each side is, a column each."""
    table = Table(box=None, pad_edge=False, header_style="")
    table.add_column("side")
    for name in ("from", "to")[: len(sides)]:
        table.add_column(name)
    rows = {
        "server": [f"{side.address}{_database(side)}, {_engine(side)}" for side in sides],
        "processes": [_processes(side) for side in sides],
        "schedulers": [_schedulers(side) for side in sides],
        "jobs in private queues": [_private(side) for side in sides],
        "locks, open batches, limiters": [
            f"{side.counts[KeyKind.LOCK]:,}, {side.open_batches:,}, {side.counts[KeyKind.LIMITER]:,}" for side in sides
        ],
        "processed, failed": [f"{_count(side.statistics.processed)}, {_count(side.statistics.failed)}" for side in sides],
    }
    for name, cells in rows.items():
        table.add_row(name, *cells)
    return table


def queues_table(sides: list[SideStatus], rates: list[dict[bytes, QueueRate]] | None = None) -> Table:
    """Jobs of each queue, and how long the oldest has waited; with `rates` also jobs a second in and out."""
    sub = ("jobs", "oldest") + (("in/s", "out/s") if rates is not None else ())
    table = plain_table("queue", *(f"{name} {one}" for name in ("from", "to")[: len(sides)] for one in sub))
    found = [{queue.name: queue for queue in side.queues} for side in sides]
    names = sorted({name for queues in found for name in queues})
    for name in names[:_MOST_ROWS]:
        cells = []
        for place, queues in enumerate(found):
            queue = queues.get(name)
            cells += ["–", ""] if queue is None else [_jobs(queue.jobs, is_paused=queue.is_paused), _age(queue.oldest_seconds)]
            cells += [] if rates is None else _rate(rates[place].get(name))
        table.add_row(shown_name(name), *cells)
    if len(names) > _MOST_ROWS:
        table.add_row(f"and {len(names) - _MOST_ROWS:,} more")
    return table


def sets_table(sides: list[SideStatus]) -> Table:
    """retry, schedule and dead: jobs, and when the first and the last are due (of dead: when they died)."""
    table = plain_table("set", *(f"{name} {one}" for name in ("from", "to")[: len(sides)] for one in ("jobs", "first", "last")))
    for place, one in enumerate(sides[0].sorted_sets):
        cells = [cell for side in sides for cell in _set_cells(side.sorted_sets[place], side.at)]
        table.add_row(shown_name(one.name), *cells)
    return table


def classes_table(side: SideStatus) -> Table:
    """Of the old side: by class how many jobs, and when the last one is due."""
    table = plain_table("class (from)", "set", "jobs", "last")
    for one in side.sorted_sets:
        for job_class in one.by_class[:_MOST_CLASSES]:
            about = "" if one.is_whole else f" of {one.looked_at:,} looked at"
            table.add_row(job_class.job_class, shown_name(one.name), f"{job_class.jobs:,}{about}", _when(job_class.last, side.at))
        if len(one.by_class) > _MOST_CLASSES:
            table.add_row(f"and {len(one.by_class) - _MOST_CLASSES:,} more", shown_name(one.name))
    return table


def process_lines(side: SideStatus, name: str) -> list[str]:
    """A line for each process."""
    lines = []
    for process in side.processes[:_MOST_ROWS]:
        queues = ", ".join(sorted(shown_name(queue) for queue in process.queues)) or "N/A"
        beat = "N/A" if process.beat is None else f"{spoken(side.at - process.beat)} ago"
        version = cut(printable(process.version)) if process.version else "below 7 (it does not say)"
        state = "quiet" if process.is_quiet else "fetching"
        said = f"{state}, Sidekiq {version}, beat {beat}, busy {_count(process.busy)} of {_count(process.concurrency)}, queues {queues}"
        lines.append(f"process ({name}) {shown_name(process.identity)}: {said if process.is_alive else 'no heartbeat: gone'}")
    return lines + ([f"and {len(side.processes) - _MOST_ROWS:,} more processes"] if len(side.processes) > _MOST_ROWS else [])


def scheduler_lines(side: SideStatus, name: str) -> list[str]:
    """What each scheduler fires next, where its gem stores that."""
    lines = [f"{one.gem.value} ({name}): {_next(one)}" for one in side.schedulers]
    return lines + ([f"Enterprise leader ({name}): {shown_name(side.leader)}"] if side.leader is not None else [])


def pitfall_lines(pitfalls: tuple[Pitfall, ...]) -> list[str]:
    """Two lines each: what is so, and what to do."""
    return [line for one in pitfalls for line in (f"warning ({one.side}): {one.text}", f"    → {one.advice}")]


def watched_line(watched: list[Watched]) -> str:
    """Everything that moves in one line, for a pipe."""
    parts = []
    for name, one in zip(("from", "to"), watched, strict=False):
        queues = [f"{shown_name(queue.name)} {_count(queue.jobs)}{_short_rate(one.rates.get(queue.name))}" for queue in one.status.queues]
        sets = [f"{shown_name(jobs.name)} {_count(jobs.jobs)}" for jobs in one.status.sorted_sets]
        held = sum(private.jobs or 0 for private in one.status.private_queues)
        rate = "" if one.processed_a_second is None else f", processed {one.processed_a_second:,.1f}/s"
        parts.append(f"{name}: {', '.join([*queues, *sets])}, private {held:,}{rate}")
    return "; ".join(parts)


def _short_rate(rate: QueueRate | None) -> str:
    return "" if rate is None else f" (in {'/s out '.join(_rate(rate))}/s)"


def _rate(rate: QueueRate | None) -> list[str]:
    if rate is None:
        return ["", ""]
    least = "" if rate.is_exact else "≥"
    return [f"{least}{rate.came:,.1f}", f"{least}{rate.left:,.1f}"]


def _database(side: SideStatus) -> str:
    return f"/{side.database}" if side.database else ""


def _engine(side: SideStatus) -> str:
    return f"{'valkey' if side.server.is_valkey else 'redis'} {side.server.version}, {side.server.max_memory_policy or 'policy N/A'}"


def _processes(side: SideStatus) -> str:
    quiet, gone = sum(process.is_quiet for process in side.live), len(side.processes) - len(side.live)
    return f"{len(side.live):,} live" + (f" ({quiet:,} quiet)" if quiet else "") + (f", {gone:,} gone" if gone else "")


def _schedulers(side: SideStatus) -> str:
    found = [
        f"{one.gem.value}: {counted(one.jobs, 'job', 'jobs')}, {one.off:,} off"
        for one in side.schedulers
        if one.gem is not Scheduler.PERIODIC
    ]
    found += [one.gem.value for one in side.schedulers if one.gem is Scheduler.PERIODIC]
    return "; ".join(found) or "none"


def _private(side: SideStatus) -> str:
    """Jobs by whether their owner lives."""
    jobs = {lives: sum(one.jobs or 0 for one in side.private_queues if one.owner_lives is lives) for lives in (True, False, None)}
    return f"owners alive: {jobs[True]:,}, dead: {jobs[False]:,}, unknown: {jobs[None]:,}"


def _next(one: SchedulerStatus) -> str:
    if one.gem is Scheduler.PERIODIC:
        return "next times are in its leader's memory"
    if not one.next_times:
        return "next times are stored nowhere"
    more = f" and {len(one.next_times) - _MOST_TIMES:,} more" if len(one.next_times) > _MOST_TIMES else ""
    times = ", ".join(f"{cut(name)} {cut(moment)}" for name, moment in sorted(one.next_times, key=lambda pair: pair[1])[:_MOST_TIMES])
    return f"next {times}{more}; {one.habit.value}"


def _jobs(jobs: int | None, *, is_paused: bool) -> str:
    return ("no list" if jobs is None else f"{jobs:,}") + (" paused" if is_paused else "")


def _set_cells(one: SortedSet, now: float) -> list[str]:
    return ["no set" if one.jobs is None else f"{one.jobs:,}", _when(one.first, now), _when(one.last, now)]


def _when(moment: float | None, now: float) -> str:
    if moment is None:
        return ""
    return f"in {spoken(moment - now)}" if moment >= now else f"{spoken(now - moment)} ago"


def _age(seconds: float | None) -> str:
    return "" if seconds is None else spoken(seconds)


def _count(number: int | None) -> str:
    return "N/A" if number is None else f"{number:,}"
