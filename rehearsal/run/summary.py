"""What a person reads at the end of a rehearsal."""

from __future__ import annotations

from pathlib import Path

from rehearsal.run.inventory_change import as_table as inventory_table
from rehearsal.run.progress_display import ProgressDisplay
from rehearsal.run.rehearsal_report import InPlaceReport, as_table

_MOST_FINDINGS = 20


def show(report: InPlaceReport, display: ProgressDisplay, folder: Path) -> None:
    """Tables, the first findings, what the result rests on, and where the rest is."""
    display.console.print(as_table(report))
    display.console.print(inventory_table(report.inventory))
    for finding in report.findings[:_MOST_FINDINGS]:
        display.say(f"  {finding}")
    if len(report.findings) > _MOST_FINDINGS:
        display.say(f"  and {len(report.findings) - _MOST_FINDINGS} more, in {folder}/report.json")
    for assumption in report.assumptions:
        display.say(f"assumed: {assumption}")
    display.say(f"not modelled: {'; '.join(report.not_modelled)}")
    display.say(f"report: {folder}/report.json, and to look at: {folder}/report.html")
