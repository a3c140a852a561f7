"""`python -m tests.sidekiq.model [holding|larger|controls|NAME ...]`: how many states hold the promise, and the shortest trace of what does
not.
"""

from __future__ import annotations

import argparse
import sys
import time

from tests.sidekiq.model.configurations import BY_NAME, CONTROLS, HOLDING, LARGER
from tests.sidekiq.model.explore import Found, explore
from tests.sidekiq.model.rules import Configuration


def told(config: Configuration, found: Found, seconds: float) -> str:
    """A configuration's line, and its trace below."""
    verdict = "holds" if found.holds else found.broken or "not finished"
    lines = [f"{config.name}: {found.states:,} states, {found.steps:,} steps, {found.ends:,} ends, {seconds:.1f} s: {verdict}"]
    return "\n".join(lines + [f"  {number:2} {text}" for number, text in enumerate(found.trace, 1)])


def main() -> int:
    """Explore what is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=["holding", "controls"], help="holding, larger, controls, or a configuration's name")
    parser.add_argument("--most", type=int, default=3_000_000, help="states after which to give up")
    arguments = parser.parse_args()
    sets = {"holding": HOLDING, "larger": LARGER, "controls": CONTROLS}
    for name in arguments.names:
        for config in sets.get(name) or (BY_NAME[name],):
            start = time.process_time()
            found = explore(config, arguments.most)
            sys.stdout.write(told(config, found, time.process_time() - start) + "\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
