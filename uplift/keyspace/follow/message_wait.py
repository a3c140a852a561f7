"""Waits for messages that servers are to publish: what does not come back in time is a gap of the server that keeps it back."""

from __future__ import annotations

import time
from collections.abc import Callable

from uplift.keyspace.follow.followed_server import TIMEOUT_SECONDS, FollowedServer
from uplift.keyspace.follow.interruptions import Abandoned


def wait_for_messages(missing: Callable[[], list[FollowedServer]], drain: Callable[[float], None], what: str) -> None:
    """Until no server's message is missing any more. `what`: the message in words; `drain` as Streams.drain.

    Raises Abandoned where a subscription broke, or a message did not come in TIMEOUT_SECONDS.
    """
    if not missing():
        return
    deadline = time.monotonic() + TIMEOUT_SECONDS
    drain(0.0)
    while late := missing():
        if any(server.subscription is None for server in late):
            raise Abandoned("a subscription broke")
        seconds = deadline - time.monotonic()
        if seconds <= 0:
            for server in late:
                server.stop_listening(f"{server.name}: a {what} did not come back over the subscription for {TIMEOUT_SECONDS:.0f} s")
            raise Abandoned(f"a {what} did not come back")
        drain(seconds)
