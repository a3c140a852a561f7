"""How a command that runs for long is ended from outside."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def ended_by_signal() -> Iterator[None]:
    """SIGTERM, by which containers are stopped, and SIGHUP, as a session is lost, end it as Ctrl-C does."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class EndWish:
    """Whether somebody asked the command to end, by Ctrl-C, SIGTERM or SIGHUP."""

    def __init__(self) -> None:
        self.is_there = False


@contextmanager
def told_by_signal() -> Iterator[EndWish]:
    """For what must not be broken off in the middle of a request: the first signal is a wish, which is looked at between two steps; a
    second one ends it as Ctrl-C does.
    """
    wish = EndWish()

    def take(_number: int, _frame: FrameType | None) -> None:
        if wish.is_there:
            raise KeyboardInterrupt
        wish.is_there = True

    before = {number: signal.signal(number, take) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield wish
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
