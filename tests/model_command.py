"""The command of a protocol's model: explore configurations, and tell how many states hold, or the shortest trace of what breaks."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar


class Named(Protocol):
    """A configuration."""

    @property
    def name(self) -> str: ...


class Explored(Protocol):
    """What came of exploring one."""

    @property
    def states(self) -> int: ...
    @property
    def steps(self) -> int: ...
    @property
    def ends(self) -> int: ...
    @property
    def broken(self) -> str | None: ...
    @property
    def trace(self) -> Sequence[str]: ...
    @property
    def holds(self) -> bool: ...


_LONGEST_TRACE = 30
_Configuration = TypeVar("_Configuration", bound=Named)


def told(config: Named, found: Explored, seconds: float) -> str:
    """A configuration's line, and its trace below."""
    verdict = "holds" if found.holds else found.broken or "not finished"
    lines = [f"{config.name}: {found.states:,} states, {found.steps:,} steps, {found.ends:,} ends, {seconds:.1f} s: {verdict}"]
    return "\n".join(lines + [f"  {number:2} {text}" for number, text in enumerate(found.trace, 1)])


def assert_holds(config: Named, found: Explored) -> None:
    """The promise holds in every state, and an end is reached."""
    assert found.holds, told(config, found, 0)
    assert found.ends


def assert_breaks(config: Named, found: Explored) -> None:
    """A part of the protocol that is missing shows soon; its trace is printed."""
    sys.stdout.write(told(config, found, 0) + "\n")
    assert found.broken is not None
    assert 0 < len(found.trace) <= _LONGEST_TRACE


def explore_what_is_named(
    description: str | None,
    sets: Mapping[str, Sequence[_Configuration]],
    by_name: Mapping[str, _Configuration],
    explore: Callable[[_Configuration, int], Explored],
    *,
    default: list[str],
    most: int,
) -> int:
    """`sets` by their names; configurations have names of their own. `most`: states after which to give up, by default."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("names", nargs="*", default=default, help=f"{', '.join(sets)}, or a configuration's name")
    parser.add_argument("--most", type=int, default=most, help="states after which to give up")
    arguments = parser.parse_args()
    for name in arguments.names:
        for config in sets.get(name) or (by_name[name],):
            start = time.process_time()
            found = explore(config, arguments.most)
            sys.stdout.write(told(config, found, time.process_time() - start) + "\n")
            sys.stdout.flush()
    return 0
