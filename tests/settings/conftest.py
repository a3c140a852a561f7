"""One valid environment, and a way to change one field of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from uplift.settings.environment import EnvironmentSettings
from uplift.settings.load import load_settings

Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def load_changed(tmp_path: Path) -> Callable[[str, Any], EnvironmentSettings]:
    """Load config/prod.yaml with one field, named by its dotted path, set to another value (None removes it)."""

    return lambda path, value: _load(tmp_path, {path: value})


@pytest.fixture
def load_changed_all(tmp_path: Path) -> Callable[[dict[str, Any]], EnvironmentSettings]:
    """The same with several fields."""
    return lambda values: _load(tmp_path, values)


def _load(directory: Path, values: dict[str, Any]) -> EnvironmentSettings:
    content = yaml.safe_load(Path("config/prod.yaml").read_text())
    for path, value in values.items():
        *parents, last = path.split(".")
        place = content
        for parent in parents:
            place = place[parent]
        if value is None:
            del place[last]
        else:
            place[last] = value
    (directory / "prod.yaml").write_text(yaml.safe_dump(content))
    return load_settings("prod", directory)
