"""What a person reads at the end of a rehearsal."""

from __future__ import annotations

from pathlib import Path

from rehearsal.run.inventories import as_table as inventory_table
from rehearsal.run.narrator import Narrator
from rehearsal.run.report import InPlaceReport, as_table

_MOST_FINDINGS = 20


def show(report: InPlaceReport, narrator: Narrator, folder: Path) -> None:
    """Tables, the first findings, what the result rests on, and where the rest is."""
    narrator.console.print(as_table(report))
    narrator.console.print(inventory_table(report.inventory))
    for finding in report.findings[:_MOST_FINDINGS]:
        narrator.say(f"  {finding}")
    if len(report.findings) > _MOST_FINDINGS:
        narrator.say(f"  and {len(report.findings) - _MOST_FINDINGS} more, in {folder}/report.json")
    for assumption in report.assumptions:
        narrator.say(f"assumed: {assumption}")
    narrator.say(f"not modelled: {'; '.join(report.not_modelled)}")
    narrator.say(f"report: {folder}/report.json, and to look at: {folder}/report.html")
