"""`python -m tests.keyspace.follow.model [NAME ...]`: how many states hold the promise, and the shortest trace of what does not."""

from __future__ import annotations

import sys

from tests.keyspace.follow.model.configurations import ABLATIONS, BY_NAME, HOLDING, LARGER
from tests.keyspace.follow.model.explore import explore
from tests.model_command import explore_what_is_named


def main() -> int:
    """Explore what is named: `holding`, `larger`, `ablations`, or configurations by name."""
    sets = {"holding": HOLDING, "larger": LARGER, "ablations": ABLATIONS}
    return explore_what_is_named(__doc__, sets, BY_NAME, explore, default=["holding", "ablations"], most=1_000_000)


if __name__ == "__main__":
    sys.exit(main())
