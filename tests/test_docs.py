"""README and docs/: short enough, every page is in the index once, and every link leads somewhere."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

DOCS = Path("docs")
INDEX = DOCS / "README.md"
PAGES = [Path("README.md"), *sorted(DOCS.rglob("*.md"))]
MOST_LINES = 200
NOT_THERE_YET = {"config/ENV.yaml", "config/acknowledged.yaml"}

_CODE_BLOCK = re.compile(r"^(?:```.*?^```| {4,}[^\n]*$)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def _links(page: Path) -> Iterator[tuple[Path, str]]:
    """The files a page links to, and the anchors in them; links into the web are left out."""
    for target in _LINK.findall(_CODE_BLOCK.sub("", page.read_text())):
        if "://" not in target:
            path, _, anchor = target.partition("#")
            yield ((page.parent / path) if path else page).resolve(), anchor


def _anchors(page: Path) -> set[str]:
    """As GitHub makes them: lower case, punctuation left out, spaces become hyphens."""
    headings = _HEADING.findall(_CODE_BLOCK.sub("", page.read_text()))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target, anchor in _links(page):
        assert target.exists(), f"{page} links to {target}, which does not exist"
        if anchor and target.suffix == ".md":
            assert anchor in _anchors(target), f"{page} links to #{anchor}, which {target} does not have"


def test_the_index_lists_every_page_once() -> None:
    listed = [target for target, anchor in _links(INDEX) if not anchor and target != Path("README.md").resolve()]
    assert sorted(listed) == sorted(page.resolve() for page in DOCS.rglob("*.md") if page != INDEX)


def test_the_readme_is_short() -> None:
    assert len(Path("README.md").read_text().splitlines()) <= MOST_LINES


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_paths_in_the_text_exist(page: Path) -> None:
    """Paths of this repository in backticks, such as `tests/inplace/test_report.py`."""
    for path in re.findall(
        r"`((?:uplift|stacks|rehearsal|tests|bench|config|docs|tools)/[\w./-]+\.(?:py|yaml|lua|md|json|txt))`", page.read_text()
    ):
        assert Path(path).exists() or path in NOT_THERE_YET, f"{page} names {path}, which does not exist"
