"""`python -m tests.sidekiq.model [holding|larger|controls|NAME ...]`: how many states hold the promise, and the shortest trace of what does
not.
"""

from __future__ import annotations

import sys

from tests.model_command import explore_what_is_named
from tests.sidekiq.model.configurations import BY_NAME, CONTROLS, HOLDING, LARGER
from tests.sidekiq.model.explore import explore


def main() -> int:
    """Explore what is named: `holding`, `larger`, `controls`, or configurations by name."""
    sets = {"holding": HOLDING, "larger": LARGER, "controls": CONTROLS}
    return explore_what_is_named(__doc__, sets, BY_NAME, explore, default=["holding", "controls"], most=3_000_000)


if __name__ == "__main__":
    sys.exit(main())
