"""What an engine counts."""

from __future__ import annotations

from uplift.keyspace.follow.decision import Reason
from uplift.keyspace.follow.judgement import Judgement
from uplift.keyspace.follow.totals import Totals


def test_a_key_that_stays_on_one_side_counts_once_whatever_the_number_of_passes() -> None:
    totals = Totals()
    for _ in range(3):
        totals.begin_pass()
        assert totals.left_unequal == totals.left_before, "the pass under way has come to none yet"
        totals.take(Judgement(left=[(b"one", Reason.EVICTED), (b"two", Reason.EVICTED)]))
        assert totals.left_unequal == {Reason.EVICTED: 2}
    totals.begin_pass()
    totals.begin_pass()
    assert not totals.left_unequal, "a whole pass came to none"
