"""Requests that change nothing, several of them under way on one connection; each is answered once, whatever happens to the connection."""

from __future__ import annotations

from collections import deque
from itertools import islice

from uplift.errors import SourceUnreachable, TargetRefused
from uplift.keyspace.server.connection import NOT_READY, Connection, NotReady
from uplift.keyspace.server.replies import ErrorReply, Reply
from uplift.keyspace.server.scripts import STALLED, Script, stands_still

_MOST_BREAKS = 5


class PipelinedRequests:
    """Answers come in the order of the requests. `script`: what requests call, to be loaded where the server does not have it.

    A connection that breaks is opened again, and what was under way is sent once more; so it is behind a request that the server refused
    because it was not ready, or had forgotten the script.
    """

    def __init__(self, connection: Connection, script: Script | None = None) -> None:
        self.connection = connection
        self._script = script
        # Not taken yet; of the first of them the answers have been read already.
        self._requests: deque[bytes] = deque()
        self._answers: deque[Reply] = deque()
        self._is_broken = False

    @property
    def under_way(self) -> int:
        """How many answers have not been taken yet."""
        return len(self._requests)

    def send(self, request: bytes) -> None:
        """Put one more under way. That the connection is broken shows when its answer is wanted."""
        self._requests.append(request)
        try:
            self.connection.send(request)
        except SourceUnreachable:
            self._is_broken = True

    def receive(self) -> Reply:
        """The answer to the oldest request.

        Raises TargetRefused for what the server answers in its place, SourceUnreachable where it stands still again and again or cannot
        be reached any more.
        """
        reply = self._answers.popleft() if self._answers else self._read()
        self._requests.popleft()
        return reply

    def ahead_of_the_rest(self, request: bytes) -> Reply:
        """The answer to one more request, before those under way are taken. Raises as `receive`."""
        while len(self._answers) < len(self._requests):
            self._answers.append(self._read())
        try:
            return self._ask(request)
        except ErrorReply as refused:
            raise self._refusal(refused) from None

    def _read(self) -> Reply:
        """The answer to the oldest request whose answer was not read yet."""
        for breaks in range(_MOST_BREAKS + 1):
            try:
                if self._is_broken:
                    self._send_again()
                reply = self.connection.read()
                return self._again(reply) if isinstance(reply, ErrorReply) else reply
            except ErrorReply as refused:
                raise self._refusal(refused) from None
            except SourceUnreachable as problem:
                if isinstance(problem, NotReady) or breaks == _MOST_BREAKS:
                    raise
                self._is_broken = True
        raise AssertionError

    def _send_again(self) -> None:
        self.connection.reconnect()
        self.connection.send(b"".join(self._unread()))
        self._is_broken = False

    def _again(self, problem: ErrorReply) -> Reply:
        """The oldest request once more, and then what is under way behind it, whose answers may be refusals too."""
        if problem.word != "NOSCRIPT" and problem.word not in NOT_READY:
            raise problem
        oldest, *rest = self._unread()
        self.connection.read_many(len(rest))
        reply = self._ask(oldest)
        self.connection.send(b"".join(rest))
        return reply

    def _ask(self, request: bytes) -> Reply:
        connection = self.connection
        if self._script is None:
            return connection.ask_packed(request)
        return self._script.answered(connection, request, connection.ask_packed)

    def _unread(self) -> list[bytes]:
        return list(islice(self._requests, len(self._answers), None))

    def _refusal(self, problem: ErrorReply) -> SourceUnreachable | TargetRefused:
        if problem.word == STALLED:
            return stands_still(self.connection.endpoint)
        return TargetRefused(f"{self.connection.endpoint} cannot be read: {problem.safe}")
