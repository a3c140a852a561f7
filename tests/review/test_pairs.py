"""Every pair of the table through the command: class, text, seconds and exit code."""

from __future__ import annotations

import pytest

from tests.review.conftest import Reviewed
from tests.review.pairs import PAIRS, Pair
from uplift.review.finding import Impact


def test_there_are_enough() -> None:
    assert len({pair.name for pair in PAIRS}) == len(PAIRS) >= 60


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_pair(pair: Pair, reviewed: Reviewed) -> None:
    exit_code, document = reviewed(pair.head, pair.base)
    findings = document["findings"]
    listed = "\n".join(f"{one['class']}: {one['resource']}: {one['what']}: {one['meaning']}" for one in findings)
    assert (exit_code, document["worst"]) == (pair.exit_code, pair.worst.value), listed
    if pair.says:
        about = [one for one in findings if one["resource"] == pair.where and pair.says in f"{one['what']}: {one['meaning']}"]
        assert about, listed
        if pair.worst in {Impact.OUTAGE, Impact.FAILS} and not pair.also:
            assert about[0]["class"] == pair.worst.value, listed
        if pair.seconds is not None:
            assert about[0]["outage_seconds"] == list(pair.seconds)
    else:
        assert findings == []
    for impact, text in pair.also:
        assert [one for one in findings if one["class"] == impact.value and text in f"{one['resource']} {one['what']}"], listed
    assert not {one["class"] for one in findings} & {impact.value for impact in pair.never}, listed
