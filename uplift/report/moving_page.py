"""The story of a move from one side to another as one self-contained page: phases, and what was measured in them, over one axis of time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from uplift.report.page_file import keep_page, render
from uplift.report.run_page import duration

_WIDTH, _LEFT, _ROW = 1000.0, 150.0, 90.0
_TICKS = (5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200)
_MOST_TICKS = 12
_MOST_POINTS = 600


@dataclass(frozen=True, slots=True)
class Curve:
    """One measured thing: moments in seconds since 1970 with values. Curves of one panel share its scale."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Panel:
    """Curves under one heading, in one unit."""

    title: str
    unit: str
    curves: Sequence[Curve]

    @property
    def most(self) -> float:
        """The top of its scale."""
        return max((value for curve in self.curves for _, value in curve.points), default=0.0) or 1.0


@dataclass(frozen=True, slots=True)
class MovingStory:
    """Everything the page shows. `phases`: name, when it began (seconds since 1970), for how long; `marks`: what happened at a moment."""

    title: str
    outcome: str
    is_good: bool
    facts: Sequence[tuple[str, str]]
    phases: Sequence[tuple[str, float, float]]
    panels: Sequence[Panel]
    marks: Sequence[tuple[float, str]] = ()
    findings: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class _Band:
    name: str
    x: float
    width: float
    seconds: str


@dataclass(frozen=True, slots=True)
class _Line:
    name: str
    points: str
    number: int


@dataclass(frozen=True, slots=True)
class _Drawn:
    title: str
    most: str
    top: float
    lines: list[_Line]


def write_moving_page(story: MovingStory, path: Path) -> None:
    """Write the page. Raises BadInput when the file cannot be written."""
    keep_page(moving_page(story), path)


def moving_page(story: MovingStory) -> str:
    """The page as text."""
    times = [at for panel in story.panels for curve in panel.curves for at, _ in curve.points]
    times += [at for _, began, seconds in story.phases for at in (began, began + seconds)]
    begin, end = min(times, default=0.0), max(times, default=1.0)
    seconds = max(1.0, end - begin)

    def x(at: float) -> float:
        return _LEFT + (min(end, max(begin, at)) - begin) / seconds * (_WIDTH - _LEFT)

    step = next((tick for tick in _TICKS if seconds / tick <= _MOST_TICKS), _TICKS[-1])
    return render(
        "moving.html.j2",
        story=story,
        width=_WIDTH,
        row=_ROW,
        height=40 + _ROW * len(story.panels),
        bands=[_Band(name, x(began), max(1.0, x(began + long) - x(began)), duration(long)) for name, began, long in story.phases],
        panels=[_drawn(panel, 40 + number * _ROW, x) for number, panel in enumerate(story.panels)],
        ticks=[(x(begin + at), duration(at)) for at in range(0, int(seconds) + 1, step)],
        marks=[(x(at), text) for at, text in story.marks],
    )


def _drawn(panel: Panel, top: float, x: Callable[[float], float]) -> _Drawn:
    height = _ROW - 24

    def line(curve: Curve) -> str:
        every = len(curve.points) // _MOST_POINTS + 1
        return " ".join(f"{x(at):.1f},{top + 16 + height * (1 - value / panel.most):.1f}" for at, value in curve.points[::every])

    lines = [_Line(curve.name, line(curve), number) for number, curve in enumerate(panel.curves)]
    return _Drawn(panel.title, f"{panel.most:,.0f} {panel.unit}", top, lines)
