"""The inventory of legacy before and after: what `uplift inventory` shows, side by side."""

from __future__ import annotations

from dataclasses import dataclass

from rich.table import Table

from uplift.keyspace.inventory.inventory import LIVE_BYTES, Inventory, InventoryBuilder, PatternInventory, live_inventory
from uplift.keyspace.keymap.file import load_keymap
from uplift.keyspace.keymap.routing import build_router
from uplift.keyspace.server.connection import connected
from uplift.keyspace.server.endpoint import Endpoint
from uplift.keyspace.server.facts import read_server_facts
from uplift.settings.load import CONFIG_DIRECTORY

KEYMAP = CONFIG_DIRECTORY / "keyspace.yaml"
MOST_SHOWN = 12


@dataclass(frozen=True, slots=True)
class PatternRow:
    """One pattern: the rule that owns it, and its keys and estimated bytes on both sides."""

    pattern: str
    rule: str
    keys_before: int
    keys_after: int
    bytes_before: int
    bytes_after: int


def take_inventory(host: str, port: int) -> Inventory:
    """Read every database through an endpoint."""
    keymap = load_keymap(KEYMAP)
    found = Inventory(f"{host}:{port}", LIVE_BYTES, has_keymap=True)
    with connected(Endpoint(host, port), timeout_seconds=60) as connection:
        databases = read_server_facts(connection).databases
        live_inventory(connection, databases, InventoryBuilder(found, build_router(keymap, keymap.destinations)), 1, lambda _done: None)
    return found


def side_by_side(before: Inventory, after: Inventory) -> tuple[PatternRow, ...]:
    """Every pattern of either side, the most bytes before first."""
    none = PatternInventory("", "", "", "", should_have_ttl=False)
    places = sorted(before.patterns.keys() | after.patterns.keys())
    rows = []
    for place in places:
        mine, theirs = before.patterns.get(place, none), after.patterns.get(place, none)
        known = mine if mine.keys else theirs
        rows.append(PatternRow(known.pattern, known.rule, mine.keys, theirs.keys, mine.estimated_bytes, theirs.estimated_bytes))
    return tuple(sorted(rows, key=lambda row: (-row.bytes_before, -row.bytes_after, row.pattern)))


def as_table(rows: tuple[PatternRow, ...]) -> Table:
    """The biggest patterns; the report has all."""
    table = Table("inventory", "rule", "keys before", "after", "MB before", "after", box=None, pad_edge=False)
    for row in rows[:MOST_SHOWN]:
        table.add_row(
            row.pattern,
            row.rule or "no rule",
            f"{row.keys_before:,}",
            f"{row.keys_after:,}",
            f"{row.bytes_before / 1e6:,.2f}",
            f"{row.bytes_after / 1e6:,.2f}",
        )
    if len(rows) > MOST_SHOWN:
        table.add_row(f"and {len(rows) - MOST_SHOWN} more, in report.json")
    return table
