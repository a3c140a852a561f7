"""--keymap: read and checked before anything else, so that no command works by an unsound map."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from uplift.errors import BadInput
from uplift.keyspace.keymap.check import check_keymap
from uplift.keyspace.keymap.model import KeyMap

OptionalKeyMap = Annotated[Optional[Path], typer.Option("--keymap", help="The key map, such as config/keyspace.yaml.")]  # noqa: UP045
DEFAULT_KEYMAP = Path("config/keyspace.yaml")


def sound_keymap(path: Path) -> KeyMap:
    """Read a key map. Raises BadInput with the first problem of an unsound one."""
    # PyYAML takes a while to import, and a command without a key map has no use for it.
    from uplift.keyspace.keymap.file import load_keymap

    keymap = load_keymap(path)
    problems = check_keymap(keymap)
    if problems:
        raise BadInput(f"{path}: {problems[0].rule}: {problems[0].message}" + (f" (and {len(problems) - 1} more)" if problems[1:] else ""))
    return keymap
