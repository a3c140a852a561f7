"""docs/faults.md shows exactly the rows that are tested. `UPLIFT_WRITE_SNAPSHOTS=1 pytest tests/rehearsal/test_fault_page.py` writes it anew."""

import os
from pathlib import Path

from tests.rehearsal.fault_rows import ALL_KEYS, ROWS

PAGE = Path("docs/faults.md")
BEGIN, END = "<!-- rows -->\n", "<!-- /rows -->\n"


def _rows() -> str:
    columns = ("fault", "final state", "exit code", "pages", "CreateSnapshot", "Modify", "lost keys found", "it says")
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for row in ROWS:
        lost = f"{row.lost} of {ALL_KEYS}" if row.lost else "0"
        says = f"… {row.says} …" if row.says else ""
        lines.append(
            f"| {row.fault} | {row.outcome} | {row.exit_code} | {row.pages} | {row.snapshots} | {row.modifies} | {lost} | {says} |"
        )
    return "\n".join(lines) + "\n"


def test_the_page_shows_the_rows_that_are_tested() -> None:
    page = PAGE.read_text()
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    wanted = head + BEGIN + _rows() + END + tail
    if os.environ.get("UPLIFT_WRITE_SNAPSHOTS"):
        PAGE.write_text(wanted)
    assert page == wanted
    assert len(ROWS) >= 20
