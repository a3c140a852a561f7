"""Which tests share a worker, in what order they run, and which of them wait for `make fuzz`."""

from __future__ import annotations

import pytest
from xdist.scheduler import LoadGroupScheduling

# Fixtures that cost much and are made once a worker, by the group of their tests: all of a group's tests go to one worker.
_CLOUDS = {"deployed": "deployed-cloud", "pipeline": "deployed-cloud", "bench": "bare-cloud"}
_COSTLY = {**_CLOUDS, "assembly_folder": "one-synthesis"}
_IN_ORDER = tuple(dict.fromkeys(_COSTLY.values()))
_NIGHTLY = "nightly"


class ByCloudOrFile(LoadGroupScheduling):
    """Gives a worker the tests of one costly fixture, or those of one file."""

    def _split_scope(self, nodeid: str) -> str:
        group = nodeid.rpartition("@")[2]
        return group if group in _IN_ORDER else nodeid.partition("::")[0]


def arrange(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark by cloud, order, and leave out what runs at night."""
    for item in items:
        group = _group(item)
        if group in _CLOUDS.values():
            item.add_marker(pytest.mark.cloud)
        if group:
            item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=_place)
    if _NIGHTLY not in config.option.markexpr:
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker(_NIGHTLY)])
        items[:] = [item for item in items if not item.get_closest_marker(_NIGHTLY)]


def _group(item: pytest.Item) -> str:
    fixtures: list[str] = getattr(item, "fixturenames", [])
    return next((group for fixture, group in _COSTLY.items() if fixture in fixtures), "")


def _place(item: pytest.Item) -> tuple[int, int]:
    """The groups first, since they take longest; among the deployed cloud's tests last those that change what is deployed."""
    group, changes = _group(item), item.get_closest_marker("changes_stacks")
    return (_IN_ORDER.index(group) if group else len(_IN_ORDER)), changes.args[0] if changes else 0
