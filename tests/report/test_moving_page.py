"""The page of a move: one file, everything on one axis of time, and nothing of what is hostile in a name is markup."""

from __future__ import annotations

import re

from uplift.report.moving_page import Curve, MovingStory, Panel, moving_page

STORY = MovingStory(
    title="A move",
    outcome="nothing-lost",
    is_good=True,
    facts=[("jobs", "3 <b>enqueued</b>")],
    phases=[("armed", 1000.0, 60.0), ("moving", 1060.0, 40.0)],
    panels=[Panel("stale", "ms", [Curve("forward", [(1000.0, 0.0), (1050.0, 20.0), (1100.0, 10.0)]), Curve("back", [])])],
    marks=[(1060.0, "go")],
    findings=["lost write: <script>"],
)


def test_a_point_lies_where_its_moment_and_its_value_are() -> None:
    page = moving_page(STORY)
    points = [tuple(map(float, pair.split(","))) for pair in re.findall(r'points="([^"]*)"', page)[0].split()]
    assert [x for x, _ in points] == [150.0, 575.0, 1000.0]
    bottom, top, middle = (y for _, y in points)
    assert bottom > middle > top
    assert abs((bottom + top) / 2 - middle) < 0.1


def test_phases_are_bands_and_names_are_text() -> None:
    page = moving_page(STORY)
    assert "<title>armed: 1 min</title>" in page
    assert "&lt;b&gt;enqueued" in page
    assert "<script>" not in page
    assert not re.search(r"(src|href)=", page)


def test_a_move_of_which_nothing_was_measured_is_a_page_too() -> None:
    page = moving_page(MovingStory("A move", "stuck", False, (), (), ()))
    assert 'id="outcome">stuck' in page
