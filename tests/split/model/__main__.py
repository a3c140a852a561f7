"""`python -m tests.split.model [holding|larger|controls|NAME …]`: how many states hold, or the shortest trace of what breaks."""

from __future__ import annotations

import sys

from tests.model_command import explore_what_is_named
from tests.split.model.configurations import CONTROLS, HOLDING, LARGER
from tests.split.model.explore import explore

if __name__ == "__main__":
    sets = {"holding": HOLDING, "larger": LARGER, "controls": CONTROLS}
    by_name = {config.name: config for configs in sets.values() for config in configs}
    sys.exit(explore_what_is_named(__doc__, sets, by_name, explore, default=["holding", "controls"], most=0))
