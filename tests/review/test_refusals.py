"""Every row of the table of refusals through the command; and what AWS takes, or nobody knows, is none."""

from __future__ import annotations

import pytest

from tests.review.conftest import Reviewed
from tests.review.pairs_refusals import REFUSED
from tests.review.pairs_refused_by_services import SERVICES, TAKES
from tests.review.pairs_taken import TAKEN
from tests.review.refusal_rows import Refused, Taken
from uplift.review.finding import Impact

# A row goes through the command, and there are hundreds.
pytestmark = pytest.mark.long

_BARE = ("is not one of [", "does not match '", "Additional properties", "is a required property", "^")


def test_no_name_is_used_twice() -> None:
    names = [*(one.name for one in (*REFUSED, *SERVICES)), *(one.name for one in (*TAKEN, *TAKES))]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("row", [*REFUSED, *SERVICES], ids=lambda row: row.name)
def test_it_fails_at_deploy(row: Refused, reviewed: Reviewed) -> None:
    exit_code, document = reviewed(row.head, row.base)
    refused = [one for one in document["findings"] if one["class"] == Impact.FAILS.value]
    listed = "\n".join(f"{one['resource']}: {one['what']}: {one['meaning']} {one['action']}" for one in refused)
    here = [one for one in refused if one["resource"] == row.on]
    assert any(row.says in f"{one['what']}: {one['meaning']} {one['action']}" for one in here), listed
    assert exit_code == 1
    assert not [text for text in _BARE if text in listed], listed
    assert all(one["action"] for one in refused), listed


@pytest.mark.parametrize("row", [*TAKEN, *TAKES], ids=lambda row: row.name)
def test_it_is_not_refused(row: Taken, reviewed: Reviewed) -> None:
    _, document = reviewed(row.head, row.base)
    assert [one for one in document["findings"] if one["class"] == Impact.FAILS.value] == []
