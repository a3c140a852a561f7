"""Every pair of the rules' own table through the command: class, text and exit code."""

from __future__ import annotations

import pytest

from tests.review.conftest import Reviewed
from tests.review.pairs import Pair
from tests.review.pairs_rules import PAIRS

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("nothing_refused")]


def test_each_has_a_name_of_its_own() -> None:
    assert len({pair.name for pair in PAIRS}) == len(PAIRS)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_pair(pair: Pair, reviewed: Reviewed) -> None:
    exit_code, document = reviewed(pair.head, pair.base)
    findings = document["findings"]
    listed = "\n".join(f"{one['class']}: {one['resource']}: {one['what']}: {one['meaning']}" for one in findings)
    assert (exit_code, document["worst"]) == (pair.exit_code, pair.worst.value), listed
    if not pair.says:
        assert findings == []
        return
    about = [one for one in findings if one["resource"] == pair.where and pair.says in f"{one['what']}: {one['meaning']}"]
    assert about, listed
    assert pair.worst.value in {one["class"] for one in about}, listed
    for impact, text in pair.also:
        assert [one for one in findings if one["class"] == impact.value and text in f"{one['resource']} {one['what']}"], listed
    assert not {one["class"] for one in findings} & {impact.value for impact in pair.never}, listed
