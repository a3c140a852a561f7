"""Reads a key map from its YAML file."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from uplift.errors import BadInput
from uplift.keyspace.keymap.model import KeyMap
from uplift.strict_yaml import read_yaml


def load_keymap(path: Path) -> KeyMap:
    """Read a key map. Raises BadInput naming the file, and the line or the rule and field."""
    document = read_yaml(path)
    try:
        return KeyMap.model_validate(document)
    except ValidationError as problem:
        first = problem.errors(include_url=False)[0]
        raise BadInput(f"{path}: {_place(first['loc'], document)}: {first['msg'].removeprefix('Value error, ')}") from None


def _place(location: tuple[int | str, ...], document: object) -> str:
    """`rules.3.to` with the rule's name in place of its number, where it has one."""
    parts = [str(part) for part in location]
    if len(location) > 1 and location[0] == "rules" and isinstance(location[1], int) and isinstance(document, dict):
        rule = document["rules"][location[1]]
        if isinstance(rule, dict) and "name" in rule:
            parts[1] = f"{rule['name']}"
    return ".".join(parts) or "the whole file"
