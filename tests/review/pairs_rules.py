"""The table of what is no group: what is new, what goes, what protects, who may do what, and what is only written otherwise."""

from __future__ import annotations

from tests.review.pairs import Pair
from tests.review.pairs_added import ADDED
from tests.review.pairs_kept import KEPT
from tests.review.pairs_network import NETWORK
from tests.review.pairs_removed import REMOVED
from tests.review.pairs_rights import RIGHTS
from tests.review.pairs_runs import ALARMS, FACTS, RUNS

PAIRS: list[Pair] = [*ADDED, *REMOVED, *KEPT, *ALARMS, *FACTS, *RUNS, *RIGHTS, *NETWORK]
