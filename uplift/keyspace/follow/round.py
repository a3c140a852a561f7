"""One round: a marker and readings on every side, the fence, decisions, and what is written."""

from __future__ import annotations

import select
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from uplift.errors import SourceUnreachable
from uplift.keyspace.follow.applying import Answer, Change, answer_of, apply_request
from uplift.keyspace.follow.followed_server import TIMEOUT_SECONDS, FollowedServer
from uplift.keyspace.follow.key_state import Side
from uplift.keyspace.follow.lease import Lease
from uplift.keyspace.follow.messages import marker_text
from uplift.keyspace.follow.pages import Page
from uplift.keyspace.follow.reading import Reading, read_request, reading_of
from uplift.keyspace.keymap.routing import Rule
from uplift.keyspace.server.page_reader import ReadLimits
from uplift.keyspace.server.replies import ErrorReply, Reply

StopPoint = Callable[[str], None]
"""Told where the engine is, by name: a test holds it there, or kills it."""


class Abandoned(Exception):
    """A round that came to nothing: its keys stay dirty."""


class _Asked(Enum):
    READING = "reading"
    WRITING = "writing"


@dataclass(slots=True)
class Round:
    """`drain` takes what the subscriptions were told. `lease`: whose round it is. `pages` stand at their numbers."""

    number: int
    lease: Lease
    pages: list[Page]
    source: FollowedServer
    targets: list[FollowedServer]
    rules: dict[bytes, Rule]
    told: bytes
    limits: ReadLimits
    drain: Callable[[], None]
    has_ended: Callable[[FollowedServer, int, int], bool]
    stop_point: StopPoint
    readings: dict[tuple[int, Side], Reading] = field(default_factory=dict)
    answers: dict[tuple[int, Side], Answer] = field(default_factory=dict)
    _requests: dict[int, tuple[FollowedServer, list[tuple[bytes, int, Side, _Asked]]]] = field(default_factory=dict)
    _changes: dict[tuple[int, Side], list[Change]] = field(default_factory=dict)
    _under_way: list[FollowedServer] = field(default_factory=list)

    def server(self, page: Page, side: Side) -> FollowedServer:
        """The server of one side of a page."""
        return self.source if side is Side.SOURCE else self.targets[page.target]

    def read(self) -> None:
        """Ask every side that keys are read on, and take what it answers. Raises Abandoned.

        A side that no key is read on gets its marker with what is written: one waking of the server in place of two.
        """
        early = [(page, side) for side in Side for page in self.pages if page.keys_read(side)]
        for page, side in early:
            self._ask(page, side, self._read_request(page, side), _Asked.READING)
        self._send_all()
        self.stop_point("reads sent")
        self._receive_all()
        self._wait_for_markers(early)
        self.stop_point("markers seen")

    def write(self, changes: dict[tuple[int, Side], list[Change]]) -> None:
        """Write them, by page and the side that is written; publish the markers that are missing. Every answer and every end came.

        Raises Abandoned.
        """
        late = [(page, side) for side in Side for page in self.pages if not page.keys_read(side)]
        for page, side in late:
            self._ask(page, side, self._read_request(page, side), _Asked.READING)
        for (number, side), some in changes.items():
            page = self.pages[number]
            server = self.server(page, side)
            request = apply_request(
                some, self.lease, server.database, self.number, number, self.limits, has_absolute_ttl=server.has_absolute_ttl
            )
            self._ask(page, side, request, _Asked.WRITING)
        self._changes = changes
        self._send_all()
        self.stop_point("writes sent")
        self._receive_all()
        self.stop_point("writes answered")
        self._wait_for_markers(late)
        self._wait_for_ends()
        self.stop_point("ends seen")

    def _ask(self, page: Page, side: Side, request: bytes, asked: _Asked) -> None:
        server = self.server(page, side)
        self._requests.setdefault(id(server), (server, []))[1].append((request, page.number, side, asked))

    def _send_all(self) -> None:
        for server, requests in self._requests.values():
            self._under_way.append(server)
            try:
                server.connection.send(b"".join(request for request, *_ in requests))
            except SourceUnreachable as problem:
                raise Abandoned(str(problem)) from None

    def _receive_all(self) -> None:
        asked, self._requests = self._requests, {}
        for server, requests in asked.values():
            try:
                replies = server.connection.read_many(len(requests))
            except SourceUnreachable as problem:
                raise Abandoned(str(problem)) from None
            self._under_way.remove(server)
            for (_, number, side, kind), reply in zip(requests, replies, strict=True):
                self._take(server, number, side, kind, reply)

    def _take(self, server: FollowedServer, number: int, side: Side, kind: _Asked, reply: Reply | ErrorReply) -> None:
        try:
            if kind is _Asked.READING:
                self.readings[number, side] = reading_of(reply, self.pages[number].form)
            else:
                self.answers[number, side] = answer_of(reply, self._changes[number, side])
        except ErrorReply as problem:
            raise Abandoned(f"{server.name} answered: {problem.safe}") from None
        except SourceUnreachable as problem:
            raise Abandoned(str(problem)) from None

    def _read_request(self, page: Page, side: Side) -> bytes:
        names = page.keys_read(side)
        if side is Side.TARGET:
            names = [self.rules[key].root + key for key in names]
        marker = marker_text(self.lease.text, self.number, page.number, self.told if page.number == 0 and side is Side.SOURCE else b"")
        return read_request(names, marker, self.server(page, side).database, page.form, self.limits)

    def _wait_for_markers(self, of: list[tuple[Page, Side]]) -> None:
        """The fence: their markers came back over the subscriptions. One that does not is a gap. Raises Abandoned."""
        wanted = [(self.server(page, side), (self.number, page.number)) for page, side in of]
        self._wait(lambda: [(server, at) for server, at in wanted if at not in server.events.markers], "marker")

    def _wait_for_ends(self) -> None:
        """Every end of what was done came back: only they settle."""
        wanted = [
            (self.server(self.pages[number], side), (self.number, number))
            for (number, side), answer in self.answers.items()
            if answer.fenced is None
        ]
        self._wait(lambda: [(server, at) for server, at in wanted if not self.has_ended(server, *at)], "written page's end")

    def _wait(self, missing: Callable[[], list[tuple[FollowedServer, tuple[int, int]]]], what: str) -> None:
        deadline = time.monotonic() + TIMEOUT_SECONDS
        self.drain()
        while left := missing():
            if any(server.subscription is None for server, _ in left):
                raise Abandoned("a subscription broke")
            seconds = deadline - time.monotonic()
            if seconds <= 0:
                for server, _ in left:
                    server.stop_listening(f"{server.name}: a {what} did not come back over the subscription for {TIMEOUT_SECONDS:.0f} s")
                raise Abandoned(f"a {what} did not come back")
            wait_for_any([server for server, _ in left], seconds)
            self.drain()

    def position(self, page: Page, side: Side) -> int:
        """Where the page's marker stood on a side; behind everything where it was not published yet."""
        at = self.server(page, side).events.markers.get((self.number, page.number))
        return sys.maxsize if at is None else at.position

    def give_up(self, why: str) -> None:
        """Close every connection over which an answer is still to come: nobody will take it."""
        for server in self._under_way:
            server.stop_asking(why)
        self._under_way.clear()


def wait_for_any(servers: list[FollowedServer], seconds: float) -> bool:
    """Wait until a subscription of these has something to take; False where none had."""
    poll = select.poll()
    for server in servers:
        if server.subscription is not None:
            poll.register(server.subscription.fileno(), select.POLLIN)
    return bool(poll.poll(max(0.0, seconds) * 1000))
