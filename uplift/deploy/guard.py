"""Holds the stack policies of a deploy: loosened for what is acknowledged, and strict again whatever happens."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

from uplift.deploy.deployed import DeployedStack, DeployedStacks
from uplift.deploy.stack_policy import acknowledged_losses, needs_policy, stack_policy
from uplift.review.review import Review
from uplift.review.template import Assembly


@contextmanager
def guarded(
    stacks: DeployedStacks, before: Mapping[str, DeployedStack], head: Assembly, review: Review, say: Callable[[str], None]
) -> Iterator[None]:
    """Set the policy of every stack with a Redis, and the strict one again at the end: after a failure, Ctrl-C or SIGTERM as well.

    A stack that the deploy makes gets its policy then, since there is none to set it on before. After `kill -9` a loosened policy
    stays until the next deploy begins, which sets every policy anew.
    """
    old = [name for name, stack in before.items() if needs_policy(stack.template)]
    with _terminated_in_good_order():
        try:
            for name in old:
                exceptions = acknowledged_losses(review, name)
                stacks.set_policy(name, stack_policy(exceptions))
                allowed = f"but {', '.join(sorted(exceptions))} (acknowledged)" if exceptions else "without exception"
                say(f"{name}: no Redis may be replaced or deleted, {allowed}")
            yield
        finally:
            for name in dict.fromkeys([*old, *(name for name, stack in head.stacks.items() if needs_policy(stack))]):
                if name in old or stacks.exists(name):
                    stacks.set_policy(name, stack_policy())
                    say(f"{name}: the strict stack policy is in force")


@contextmanager
def _terminated_in_good_order() -> Iterator[None]:
    """SIGTERM, by which a pipeline cancels a job, ends like Ctrl-C."""

    def interrupted(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupted)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
