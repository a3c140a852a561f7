"""The report page in a real browser: on a phone, on a desk, on paper. Skipped where there is no Chromium; `.ci/run` installs Debian's."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from uplift.report.run_page import Story, StoryCalls, StoryPattern, StoryPhase, duration, write_page

CHROMIUM = shutil.which("chromium")
PHONE, DESK, PAPER = {"width": 390, "height": 844}, {"width": 1280, "height": 900}, {"width": 720, "height": 1000}
BEGIN, OUTAGE = 1_795_500_000, 30
PHASES = ("census before", "snapshot", "engine change", "compare", "report")
STORY = Story(
    title="Rehearsal of an in-place upgrade",
    outcome="lost",
    is_good=False,
    reason="40 cold keys are missing: at the rate measured before, the application explains 0, so 40 are lost",
    facts=[
        ("engine", "3.2.6 to 5.0.6"),
        ("plan", "e3bbed1029477612, approved by Ada"),
        ("snapshot", "uplift-vets-api-legacy-0123456789 5 MB"),
    ],
    phases=[StoryPhase(name, BEGIN + 20.0 * number, 19.0) for number, name in enumerate(PHASES)],
    calls=[
        StoryCalls(BEGIN + second, 0 if 40 <= second < 40 + OUTAGE else 300, 250 if 40 <= second < 40 + OUTAGE else 0)
        for second in range(100)
    ],
    outage_at=BEGIN + 40.0,
    outage_seconds=float(OUTAGE),
    patterns=[StoryPattern("users_b:<uuid>", 5_869, 5_829, "40 missing"), StoryPattern("<script>alert(1)</script>", 1, 1)],
    losses=[f"missing: users_b:<uuid> #{number:012x}" for number in range(40)],
    findings=["event 21:04:11 vets-api-legacy: Failover from primary node 001 to replica node 002 completed"],
    assumptions=["not modelled: node sizes and network speed"],
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("there is no chromium on this machine: `.ci/run` installs Debian's")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


def _open(browser: Browser, tmp_path: Path, size: Any, story: Story = STORY) -> Any:
    path = tmp_path / "report.html"
    write_page(story, path)
    page = browser.new_page(viewport=size)
    page.on("request", lambda request: asked.append(request.url))
    asked: list[str] = []
    page.goto(path.as_uri())
    assert asked == [path.as_uri()], "a page of its own asks for nothing else"
    return page


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_the_page_is_as_wide_as_the_screen_and_tells_everything(browser: Browser, tmp_path: Path, size: dict[str, int]) -> None:
    page = _open(browser, tmp_path, size)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert page.inner_text("#outcome") == "lost"
    text = page.inner_text("body")
    for told in (STORY.reason, "approved by Ada", "Failover from primary node 001", "node sizes and network speed", "5,869"):
        assert told in text
    assert page.locator("#losses li").count() == 40
    assert [name for name in PHASES if name in page.locator("#timeline").text_content()] == list(PHASES)
    assert float(page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)")) >= 14


def test_failed_calls_lie_in_the_shaded_outage(browser: Browser, tmp_path: Path) -> None:
    page = _open(browser, tmp_path, DESK)
    shade = page.locator("#calls .outage").bounding_box()
    failed = [box.bounding_box() for box in page.locator("#calls .failed").all()]
    assert len(failed) == OUTAGE
    assert all(shade["x"] - 1 <= box["x"] and box["x"] + box["width"] <= shade["x"] + shade["width"] + 1 for box in failed)
    answered = [box.bounding_box() for box in page.locator("#calls .answered").all()]
    assert len(answered) == 100
    ground = max(box["y"] + box["height"] for box in answered)
    assert all(abs(box["y"] + box["height"] - ground) < 1 for box in failed), "nothing was answered then: failed calls stand on the ground"
    on_timeline = page.locator("#timeline .outage").bounding_box()
    assert abs(on_timeline["x"] - shade["x"]) < 1, "both drawings have one axis"


def test_names_from_redis_are_text_never_markup(browser: Browser, tmp_path: Path) -> None:
    page = _open(browser, tmp_path, DESK)
    assert page.locator("script").count() == 0
    assert "<script>alert(1)</script>" in page.inner_text("#patterns")


def test_on_paper_nothing_is_cut_off(browser: Browser, tmp_path: Path) -> None:
    page = _open(browser, tmp_path, PAPER)
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= PAPER["width"]
    assert page.locator("#timeline").bounding_box()["width"] <= PAPER["width"]
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_a_story_without_calls_or_losses_has_no_empty_drawings(browser: Browser, tmp_path: Path) -> None:
    quiet = replace(STORY, outcome="upgraded", is_good=True, calls=(), outage_at=0.0, outage_seconds=0.0, losses=(), phases=())
    page = _open(browser, tmp_path, PHONE, quiet)
    assert page.locator("svg").count() == 0
    assert page.inner_text("#losses") == "Nothing was found lost."


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0.4 s"), (9, "9 s"), (59.6, "1 min"), (60, "1 min"), (185, "3 min 5 s"), (3600, "1 h"), (7800, "2 h 10 min")],
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words
