"""Holds the stack policies of a deploy: loosened for what is acknowledged, and strict again whatever happens."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

from botocore.exceptions import BotoCoreError, ClientError

from uplift.deploy.deployed_stacks import DeployedStack, DeployedStacks
from uplift.deploy.stack_policy import acknowledged_losses, needs_policy, stack_policy
from uplift.errors import UpliftError
from uplift.review.review import Review
from uplift.review.templates.template import Assembly


class StillLoosened(UpliftError):
    """A stack policy could not be made strict again."""

    code = "StillLoosened"


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
            new = [name for name, stack in head.stacks.items() if needs_policy(stack)]
            _restore(stacks, list(dict.fromkeys([*old, *new])), say)


def _restore(stacks: DeployedStacks, names: list[str], say: Callable[[str], None]) -> None:
    """Set the strict policy on each that exists, whatever happens to the others. Raises StillLoosened naming where it could not."""
    # A second Ctrl-C, or the SIGTERM a runner sends after its SIGINT, must not leave half of them loosened.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    failed: list[str] = []
    for name in names:
        try:
            if stacks.exists(name):
                stacks.set_policy(name, stack_policy())
                say(f"{name}: the strict stack policy is in force")
        except (BotoCoreError, ClientError) as problem:
            failed.append(f"{name} ({problem})")
    if failed:
        raise StillLoosened(f"the strict stack policy could not be set on {', '.join(failed)}; run the same command again at once")


@contextmanager
def _terminated_in_good_order() -> Iterator[None]:
    """SIGTERM, by which a pipeline cancels a job, ends like Ctrl-C."""

    def interrupted(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupted), signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before[0])
        signal.signal(signal.SIGINT, before[1])
