"""A follow's status in words: one line while it runs, and all of it for whoever asks."""

from __future__ import annotations

import math

from uplift.keyspace.follow.phase import Phase
from uplift.keyspace.follow.status import PassStatus, Status, WayBackStatus

_MOST_NAMED = 20


def time_left(seconds: float | None) -> str:
    """`N/A` where it is not known, `due` where it is over."""
    if seconds is None:
        return "time left N/A"
    return "due" if seconds < 1 else f"{duration(seconds)} left"


def duration(seconds: float) -> str:
    """In the two largest units."""
    whole = math.floor(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def status_line(status: Status) -> str:
    """What a person watches. The first words are the phase."""
    parts = [status.phase.value if status.why is None else f"{status.phase.value}: {status.why}"]
    if status.phase in {Phase.SUBSCRIBING, Phase.COPYING} and status.copy is None:
        return parts[0]
    if status.copy is not None:
        copy = status.copy
        parts.append(f"{copy.doing}: {copy.done:,} of {copy.total:,} keys at {copy.keys_a_second:,.0f}/s, {time_left(copy.seconds_left)}")
        return ", ".join(parts)
    parts.append(f"{status.events_a_second:,.0f} events/s, {status.keys_a_second:,.0f} keys/s, {status.dirty:,} dirty, lag {_lag(status)}")
    if status.reconciling is not None:
        parts.append(_pass(status.reconciling))
    if status.throttled is not None:
        parts.append(f"slowed by {status.throttled.by}: {status.throttled.measured:,.1f} ms, allowed {status.throttled.limit:g} ms")
    if status.named_keys:
        parts.append(f"{status.named_keys:,} keys named")
    return ", ".join(parts)


def _lag(status: Status) -> str:
    if status.lag.p50_ms is None or status.lag.p99_ms is None:
        return "N/A"
    return f"{status.lag.p50_ms:,.1f}/{status.lag.p99_ms:,.1f} ms"


def _pass(reconciling: PassStatus) -> str:
    if not reconciling.is_running:
        return f"pass {reconciling.whole} done"
    share = f"{min(100, 100 * reconciling.seen // reconciling.keys)} %" if reconciling.keys else "N/A"
    return f"pass {reconciling.whole + 1}: {share}, {time_left(reconciling.seconds_left)}"


def status_lines(status: Status, age_seconds: float, *, has_engine: bool) -> list[str]:
    """Everything, a line each."""
    here = f"process {status.process}" if has_engine else "no engine has this directory now"
    resumed = ", resumed" if status.is_resumed else ""
    # What it told last is no longer so where nobody follows; one that ended says that itself.
    gone = "" if has_engine or status.phase is Phase.ENDED else "no engine follows; the last one told: "
    lines = [
        f"{gone}{status_line(status)}",
        f"told {duration(age_seconds)} ago by engine {status.engine} ({here}{resumed}), run {status.run}, revision {status.revision}",
        f"lease: {status.lease or 'N/A'}; stand by: {status.standby.present}, warm: {status.standby.warm}",
        f"way: {'both ways' if status.is_two_way else 'one way'}, authority: {status.authority}; {_way_back(status.way_back)}",
        _sync(status),
        _gaps(status),
        f"differences: {status.differences.in_flight:,} in flight, {status.differences.lasting:,} lasting, "
        f"{status.differences.never_still:,} never still, the oldest for {duration(status.differences.oldest_seconds)}",
    ]
    if status.reconciling is not None:
        one = status.reconciling
        cycle = "N/A" if one.cycle_seconds is None else duration(one.cycle_seconds)
        lines.append(
            f"passes: {one.whole:,} whole, the latest in {cycle} at {one.share:.0%} of the time; it found {one.differing:,} differences, "
            f"{one.unexplained:,} without an event"
        )
    if status.throttled is not None:
        lines.append(f"slowed by {status.throttled.by} for {duration(status.throttled.seconds)}")
    lines += [f"setting {one.name}: {one.value:g}" + _back(one.seconds_left) for one in status.settings]
    lines += [f"conflicts: {count:,}: {reason}" for reason, count in sorted(status.conflicts.items())]
    lines += [f"left: {count:,}: {reason}" for reason, count in sorted(status.left.items())]
    if status.not_described:
        lines.append(f"not described by any rule: {status.not_described:,} keys on targets, which stay there")
    if status.not_followed:
        lines.append(
            f"not followed: database {', '.join(map(str, status.not_followed))}, which came into use since: begin the engine again"
        )
    lines += [f"foreign writer: {one.client} on {one.server}: {one.events:,} events" for one in status.foreign_writers]
    return lines + named_lines(status)


def named_lines(status: Status) -> list[str]:
    """Keys that are named: by reason, and some by label."""
    lines = [f"named: {count:,}: {reason}" for reason, count in sorted(status.named.items())]
    labels = list(status.labels.items())
    lines += [f"  {label}: {reason}" for label, reason in labels[:_MOST_NAMED]]
    if len(labels) > _MOST_NAMED:
        lines.append(f"  and {len(labels) - _MOST_NAMED:,} more: `--json` lists them")
    return lines


def _sync(status: Status) -> str:
    if status.in_sync_seconds is None:
        return f"not in sync: {status.not_in_sync or 'N/A'}; {time_left(status.seconds_left)}"
    proof = "N/A" if status.proof_seconds is None else duration(status.proof_seconds)
    return f"in sync for {duration(status.in_sync_seconds)}; the pass that proves it ended {proof} ago"


def _gaps(status: Status) -> str:
    if not status.gaps.open:
        return f"gaps: {status.gaps.count:,}, none open"
    since = "" if status.gaps.seconds is None else f" for {duration(status.gaps.seconds)}"
    return f"gaps: {status.gaps.count:,}, open{since}: {', '.join(status.gaps.open)}"


def _way_back(way_back: WayBackStatus | None) -> str:
    if way_back is None:
        return "way back: N/A"
    if way_back.is_open:
        return f"way back: open for {duration(way_back.seconds)}"
    return f"way back: not open for {duration(way_back.seconds)}: {way_back.why_not}"


def _back(seconds: float | None) -> str:
    return "" if seconds is None else f", back in {duration(seconds)}"
