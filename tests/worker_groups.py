"""Which tests share a worker, in what order they run, and which of them wait for the night."""

from __future__ import annotations

import pytest
from xdist.scheduler import LoadScopeScheduling

# What is made once a worker and costs much. The tests of one group go to one worker; xdist asks by file, so the files are named. The
# deployed cloud has two groups: waiting for it takes longer than deploying it twice.
RUNS, STACKS = "deployed cloud, runs", "deployed cloud, stacks"
# A cloud of its own, where nothing is deployed yet.
EMPTY, PAGE = "empty cloud", "empty cloud, pipeline page"
BARE, SYNTHESIS = "bare cloud", "one synthesis"
_FIXTURES = {"deployed": {RUNS, STACKS}, "pipeline": {STACKS}, "bench": {BARE}}
_FILES = {
    "tests/rehearsal/test_faults.py": RUNS,
    "tests/rehearsal/test_roles.py": RUNS,
    "tests/rehearsal/test_deployed.py": STACKS,
    "tests/rehearsal/test_who_is_told.py": STACKS,
    "tests/rehearsal/test_operators.py": STACKS,
    "tests/deploy/test_deploy_command.py": STACKS,
    "tests/deploy/test_review_against_deploys.py": STACKS,
    "tests/deploy/test_pipeline_page.py": PAGE,
    "tests/deploy/test_first_deploy.py": EMPTY,
    "tests/inplace/test_interleavings.py": BARE,
    "tests/inplace/test_killed_steps.py": BARE,
}
# Whose tests take long each and share nothing.
_EACH_ALONE = {"tests/keyspace/test_commands_drawn.py"}
_FOLDERS = {"tests/review/": SYNTHESIS, "tests/stacks/": SYNTHESIS}
# What takes longest comes first, so that the workers end together.
_IN_ORDER = (RUNS, STACKS, PAGE, EMPTY, BARE, SYNTHESIS, "tests/rehearsal/test_rehearse_command.py", "tests/keyspace/test_copy_killed.py")
_NIGHTLY = "nightly"


class ByGroupOrFile(LoadScopeScheduling):
    """Gives a worker the tests of one group, or those of one file."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def group_of(node_id: str) -> str:
    """What a test shares a worker with: its group, or its file; some are each alone."""
    file = node_id.partition("::")[0]
    if file in _EACH_ALONE:
        return node_id
    return _FILES.get(file) or next((group for folder, group in _FOLDERS.items() if file.startswith(folder)), file)


def arrange(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark by cloud, order, and leave out what runs at night. Raises UsageError for a file that uses a cloud and is not named."""
    for item in items:
        for fixture in _FIXTURES.keys() & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.cloud)
            if group_of(item.nodeid) not in _FIXTURES[fixture]:
                raise pytest.UsageError(f"{item.nodeid} uses {fixture}: its file belongs into tests/worker_groups.py")
    items.sort(key=_place)
    if _NIGHTLY not in config.option.markexpr:
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker(_NIGHTLY)])
        items[:] = [item for item in items if not item.get_closest_marker(_NIGHTLY)]


def _place(item: pytest.Item) -> tuple[int, int]:
    """By group; among the tests of the deployed cloud last those that change what is deployed."""
    group, changes = group_of(item.nodeid), item.get_closest_marker("changes_stacks")
    return (_IN_ORDER.index(group) if group in _IN_ORDER else len(_IN_ORDER)), changes.args[0] if changes else 0
