"""A run's or a rehearsal's whole story as one self-contained page: what happened when, what clients saw, what became of the keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from uplift.report.page_file import keep_page, render

_WIDTH, _LEFT, _ROW, _CHART = 1000.0, 270.0, 22.0, 140.0
_TICKS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
_MOST_TICKS = 10
_MOST_COLUMNS = 300
_MOST_LOSSES = 100


@dataclass(frozen=True, slots=True)
class StoryPhase:
    """One phase; times in seconds since 1970."""

    name: str
    began_at: float
    seconds: float


@dataclass(frozen=True, slots=True)
class StoryCalls:
    """What clients got in one second, which began at `second` since 1970."""

    second: int
    answered: int
    failed: int


@dataclass(frozen=True, slots=True)
class StoryPattern:
    """Keys of one pattern; `note` says what is worth saying of it."""

    name: str
    before: int
    after: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """Everything the page shows. `outage_at` in seconds since 1970 (0: no outage was measured), `outage_seconds` its length."""

    title: str
    outcome: str
    is_good: bool
    reason: str
    facts: Sequence[tuple[str, str]]
    phases: Sequence[StoryPhase]
    calls: Sequence[StoryCalls]
    outage_at: float
    outage_seconds: float
    patterns: Sequence[StoryPattern]
    losses: Sequence[str]
    findings: Sequence[str]
    assumptions: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Bar:
    name: str
    x: float
    y: float
    width: float
    label: str


@dataclass(frozen=True, slots=True)
class _Column:
    x: float
    width: float
    answered_top: float
    answered_height: float
    failed_top: float
    failed_height: float


@dataclass(frozen=True, slots=True)
class _Axis:
    """Where a point in time lies on the page."""

    begin: float
    seconds: float

    def x(self, at: float) -> float:
        """The place of `at` (seconds since 1970), kept inside the drawing."""
        share = (at - self.begin) / self.seconds
        return _LEFT + min(1.0, max(0.0, share)) * (_WIDTH - _LEFT)

    def ticks(self) -> list[tuple[float, str]]:
        """Places and words of a few round times."""
        step = next((tick for tick in _TICKS if self.seconds / tick <= _MOST_TICKS), _TICKS[-1])
        return [(self.x(self.begin + at), duration(at)) for at in range(0, int(self.seconds) + 1, step)]


def write_page(story: Story, path: Path) -> None:
    """Write the page. Raises BadInput when the file cannot be written."""
    keep_page(page_of(story), path)


def page_of(story: Story) -> str:
    """The page as text."""
    axis = _axis(story)
    columns, most = _columns(story.calls, axis)
    return render(
        "report.html.j2",
        story=story,
        width=_WIDTH,
        left=_LEFT,
        bars=_bars(story.phases, axis),
        timeline_height=_ROW * len(story.phases) + _ROW,
        chart_height=_CHART,
        losses=story.losses[:_MOST_LOSSES],
        more_losses=max(0, len(story.losses) - _MOST_LOSSES),
        columns=columns,
        most=most,
        ticks=axis.ticks(),
        outage=(axis.x(story.outage_at), axis.x(story.outage_at + story.outage_seconds)) if story.outage_at else None,
        duration=duration,
    )


def duration(seconds: float) -> str:
    """Such as `45 s`, `3 min 5 s` or `2 h 10 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 and seconds != whole else f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min" + (f" {whole % 60} s" if whole % 60 else "")
    return f"{whole // 3600} h" + (f" {whole % 3600 // 60} min" if whole % 3600 >= 60 else "")


def _axis(story: Story) -> _Axis:
    times = [phase.began_at for phase in story.phases] + [float(calls.second) for calls in story.calls]
    ends = [phase.began_at + phase.seconds for phase in story.phases] + [calls.second + 1.0 for calls in story.calls]
    begin = min(times, default=0.0)
    return _Axis(begin, max(1.0, max(ends, default=1.0) - begin))


def _bars(phases: Sequence[StoryPhase], axis: _Axis) -> list[_Bar]:
    bars = []
    for row, phase in enumerate(phases):
        x, end = axis.x(phase.began_at), axis.x(phase.began_at + phase.seconds)
        bars.append(_Bar(phase.name, x, row * _ROW, max(2.0, end - x), duration(phase.seconds)))
    return bars


def _columns(calls: Sequence[StoryCalls], axis: _Axis) -> tuple[list[_Column], int]:
    """Columns of calls a second, several seconds in one where there are many, and the tallest as a rate."""
    together = len(calls) // _MOST_COLUMNS + 1
    groups = [calls[start : start + together] for start in range(0, len(calls), together)]
    rates = [(sum(c.answered for c in group) / len(group), sum(c.failed for c in group) / len(group)) for group in groups]
    most = max((answered + failed for answered, failed in rates), default=1.0) or 1.0
    columns = []
    for group, (answered, failed) in zip(groups, rates, strict=True):
        x, end = axis.x(group[0].second), axis.x(group[-1].second + 1)
        high, low = _CHART * failed / most, _CHART * answered / most
        columns.append(_Column(x, max(1.0, end - x - 0.5), _CHART - low, low, _CHART - low - high, high))
    return columns, round(most)
