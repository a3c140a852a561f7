"""Several requests for pieces of one value under way on one connection, and never more than it takes to keep a distant server busy."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator

from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.replies import ErrorReply, Reply

# A piece of 1,000 elements or 256 KB takes a server about half a ms (bench/far.py).
_APART_SECONDS = 0.0007


def answers(connection: Connection, next_request: Callable[[], bytes | None], most: int) -> Generator[Reply, None, None]:
    """The answers to what `next_request` gives, in that order, with `most` requests under way; None: there is none now.

    It is asked again after each answer, and at the end once more. They follow each other no faster than a server works on them, so that
    they do not arrive in one bunch. A broken connection is not opened again: what was watched on it would be watched no more. Whoever stops
    in between closes the iterator, which takes the answers that are still to come. Raises ErrorReply, NotReady or SourceUnreachable.
    """
    under_way: deque[bytes] = deque()
    due_at = 0.0
    try:
        while True:
            while len(under_way) < most and (request := next_request()) is not None:
                if under_way and (early := due_at - time.monotonic()) > 0:
                    time.sleep(early)
                connection.send(request)
                under_way.append(request)
                due_at = time.monotonic() + _APART_SECONDS
            if not under_way:
                return
            yield _next_answer(connection, under_way)
    finally:
        connection.read_many(len(under_way))


def ask_in_order(connection: Connection, requests: list[bytes]) -> list[Reply]:
    """The answers to a few requests in one round trip. Raises as `answers`."""
    further = iter(requests)
    return list(answers(connection, lambda: next(further, None), len(requests)))


def _next_answer(connection: Connection, under_way: deque[bytes]) -> Reply:
    """The answer to the oldest request. What a server that is not ready refused is asked once more, in the same order."""
    reply = connection.read()
    request = under_way.popleft()
    if not isinstance(reply, ErrorReply):
        return reply
    behind = list(under_way)
    connection.read_many(len(behind))
    under_way.clear()
    answer = connection.once_ready(request, reply)
    connection.send(b"".join(behind))
    under_way.extend(behind)
    return answer
