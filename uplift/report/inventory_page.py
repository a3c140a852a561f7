"""The inventory as one self-contained page: no script, no fonts, no address outside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import squarify

from uplift.keyspace.inventory.inventory import PART_OF_CLUSTER, TTL_NAMES, Inventory, PatternInventory
from uplift.keyspace.keymap.key_label import KeyLabels
from uplift.report.page_file import keep_page, render

_WIDTH, _HEIGHT = 960.0, 420.0
_MOST_TILES = 60
# Text needs this much room; smaller tiles have a title only.
_LETTER_WIDTH, _LINE_HEIGHT, _FEWEST_LETTERS = 7.2, 16.0, 5
_NO_RULE, _PLAIN = "no rule", "keys"


@dataclass(frozen=True, slots=True)
class Tile:
    """One rectangle of the treemap: `colour` is the class of its fill."""

    x: float
    y: float
    width: float
    height: float
    colour: str
    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of the histogram: `share` of the longest."""

    name: str
    keys: int
    share: float


def write_page(path: Path, inventory: Inventory, labels: KeyLabels) -> None:
    """Write the page. Raises BadInput when the file cannot be written."""
    by_ttl = inventory.keys_by_ttl()
    page = render(
        "inventory.html.j2",
        inventory=inventory,
        part_of_cluster=PART_OF_CLUSTER[0].upper() + PART_OF_CLUSTER[1:],
        owners=_owners(inventory),
        tiles=_tiles(inventory),
        width=_WIDTH,
        height=_HEIGHT,
        bars=[Bar(name, keys, keys / max(1, *by_ttl)) for name, keys in zip(TTL_NAMES, by_ttl, strict=True)],
        biggest=[(labels.label(key), kind, size) for size, _, key, kind in sorted(inventory.biggest, reverse=True)],
        mb=lambda size: f"{size / 1e6:,.2f}",
    )
    keep_page(page, path)


def _owner(entry: PatternInventory, inventory: Inventory) -> str:
    return entry.destination or (_NO_RULE if inventory.has_keymap else _PLAIN)


def _owners(inventory: Inventory) -> list[str]:
    """Every owner once, in a fixed order, so that colours stay with names."""
    return sorted({_owner(entry, inventory) for entry in inventory.patterns.values()})


def _tiles(inventory: Inventory) -> list[Tile]:
    rows = [entry for entry in inventory.by_size if entry.estimated_bytes > 0][:_MOST_TILES]
    sizes = squarify.normalize_sizes([entry.estimated_bytes for entry in rows], _WIDTH, _HEIGHT)
    owners = _owners(inventory)
    tiles = []
    for entry, place in zip(rows, squarify.squarify(sizes, 0, 0, _WIDTH, _HEIGHT), strict=True):
        figures = f"{entry.estimated_bytes / 1e6:,.1f} MB, {entry.keys:,} keys"
        room = int((place["dx"] - 10) / _LETTER_WIDTH)
        lines = [_shortened(line, room) for line in (entry.pattern, figures)] if room >= _FEWEST_LETTERS else []
        fitting = tuple(lines[: max(0, int((place["dy"] - 6) / _LINE_HEIGHT))])
        owner = _owner(entry, inventory)
        title = f"{entry.pattern}: {figures} ({owner})"
        tiles.append(Tile(place["x"], place["y"], place["dx"], place["dy"], f"owner{owners.index(owner) % 4}", title, fitting))
    return tiles


def _shortened(line: str, room: int) -> str:
    return line if len(line) <= room else line[: room - 1] + "…"
