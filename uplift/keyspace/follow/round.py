"""One round: a marker and readings on every side, the fence, decisions, and what is written."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum

from uplift.errors import SourceUnreachable
from uplift.keyspace.follow.applying import ApplyReply, Change, apply_reply_of, apply_request
from uplift.keyspace.follow.event_classes import classes_on, probe_request
from uplift.keyspace.follow.followed_server import FollowedServer
from uplift.keyspace.follow.interruptions import Abandoned
from uplift.keyspace.follow.key_state import Side
from uplift.keyspace.follow.lease import Lease
from uplift.keyspace.follow.message_wait import wait_for_messages
from uplift.keyspace.follow.messages import marker_text
from uplift.keyspace.follow.pages import Page, name_on
from uplift.keyspace.follow.reading import ReadReply, read_reply_of, read_request
from uplift.keyspace.keymap.routing import Rule
from uplift.keyspace.server.page_reader import ReadLimits
from uplift.keyspace.server.replies import ErrorReply, Reply

StopPoint = Callable[[str], None]
"""Told where the engine is, by name: a test holds it there, or kills it."""


class _Asked(Enum):
    READING = "reading"
    WRITING = "writing"
    PROBE = "probe"


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
    drain: Callable[[float], None]
    has_ended: Callable[[FollowedServer, int, int], bool]
    stop_point: StopPoint
    read_replies: dict[tuple[int, Side], ReadReply] = field(default_factory=dict)
    apply_replies: dict[tuple[int, Side], ApplyReply] = field(default_factory=dict)
    changes: dict[tuple[int, Side], list[Change]] = field(default_factory=dict)
    _requests: dict[int, tuple[FollowedServer, list[bytes]]] = field(default_factory=dict)
    _waiting: dict[int, tuple[FollowedServer, deque[tuple[int, Side, _Asked]]]] = field(default_factory=dict)

    def server(self, page: Page, side: Side) -> FollowedServer:
        """The server of one side of a page."""
        return self.source if side is Side.SOURCE else self.targets[page.target]

    def pages_as_read(self) -> Iterator[Page]:
        """Ask every side that keys are read on; each page once its answers and their markers came. Raises Abandoned.

        A side that no key of a page is read on gets its marker with what is written: one waking of the server in place of two.
        """
        for page in self.pages:
            for side in Side:
                if page.keys_read(side):
                    self._ask(page, side, self._read_request(page, side), _Asked.READING)
        self._send_all()
        self.stop_point("reads sent")
        for page in self.pages:
            sides = [side for side in Side if page.keys_read(side)]
            for side in sides:
                self._receive(self.server(page, side))
            self._wait_for_markers([(page, side) for side in sides])
            self.stop_point("page read")
            yield page

    def write(self, page: Page, changes: tuple[list[Change], list[Change]]) -> None:
        """Write the changes of a page, by the side that is written, and publish its markers that are missing. Raises Abandoned."""
        for side in Side:
            if not page.keys_read(side):
                self._ask(page, side, self._read_request(page, side), _Asked.READING)
            if some := changes[side]:
                server = self.server(page, side)
                request = apply_request(
                    some, self.lease, server.database, self.number, page.number, self.limits, has_absolute_ttl=server.has_absolute_ttl
                )
                self.changes[page.number, side] = some
                self._ask(page, side, request, _Asked.WRITING)
        self._send_all()
        self.stop_point("writes sent")

    def probe_classes(self) -> None:
        """Have every server show which classes of events are on, with what is sent next. Sent before `write` of the last page."""
        seen = set()
        for page in self.pages:
            for side in Side:
                server = self.server(page, side)
                if id(server) not in seen:
                    seen.add(id(server))
                    self._ask(page, side, probe_request(server.database, self.lease.text, classes_on(server.facts)), _Asked.PROBE)

    def finish(self) -> None:
        """Every answer and every end came. Raises Abandoned."""
        self._send_all()
        for server, waiting in self._waiting.values():
            while waiting:
                self._receive(server)
        self.stop_point("writes answered")
        self._wait_for_markers([(page, side) for page in self.pages for side in Side if not page.keys_read(side)])
        self._wait_for_ends()
        self.stop_point("ends seen")

    def _ask(self, page: Page, side: Side, request: bytes, asked: _Asked) -> None:
        server = self.server(page, side)
        self._requests.setdefault(id(server), (server, []))[1].append(request)
        self._waiting.setdefault(id(server), (server, deque()))[1].append((page.number, side, asked))

    def _send_all(self) -> None:
        requests, self._requests = self._requests, {}
        for server, some in requests.values():
            try:
                server.connection.send(b"".join(some))
            except SourceUnreachable as problem:
                raise Abandoned(str(problem)) from None

    def _receive(self, server: FollowedServer) -> None:
        """Take the next answer of a server."""
        try:
            reply = server.connection.read()
        except SourceUnreachable as problem:
            raise Abandoned(str(problem)) from None
        number, side, asked = self._waiting[id(server)][1].popleft()
        self._take(server, number, side, asked, reply)

    def _take(self, server: FollowedServer, number: int, side: Side, kind: _Asked, reply: Reply | ErrorReply) -> None:
        try:
            if kind is _Asked.READING:
                self.read_replies[number, side] = read_reply_of(reply, self.pages[number].form)
            elif kind is _Asked.WRITING:
                self.apply_replies[number, side] = apply_reply_of(reply, self.changes[number, side])
        except ErrorReply as problem:
            raise Abandoned(f"{server.name} answered: {problem.safe}") from None
        except SourceUnreachable as problem:
            raise Abandoned(str(problem)) from None

    def _read_request(self, page: Page, side: Side) -> bytes:
        names = [name_on(side, key, self.rules[key]) for key in page.keys_read(side)]
        marker = marker_text(self.lease.text, self.number, page.number, self.told if page.number == 0 and side is Side.SOURCE else b"")
        return read_request(names, marker, self.lease.text, self.server(page, side).database, page.form, self.limits)

    def _wait_for_markers(self, of: list[tuple[Page, Side]]) -> None:
        """The fence: their markers came back over the subscriptions. One that does not is a gap. Raises Abandoned."""
        wanted = [
            (self.server(page, side), (self.number, page.number))
            for page, side in of
            if self.read_replies[page.number, side].lease == self.lease.text
        ]
        wait_for_messages(lambda: [server for server, at in wanted if at not in server.events.markers], self.drain, "marker")

    def _wait_for_ends(self) -> None:
        """Every end of what was done came back: only they settle."""
        wanted = [
            (self.server(self.pages[number], side), (self.number, number))
            for (number, side), answer in self.apply_replies.items()
            if answer.fenced is None
        ]
        wait_for_messages(lambda: [server for server, at in wanted if not self.has_ended(server, *at)], self.drain, "written page's end")

    def position(self, page: Page, side: Side) -> int:
        """Where the page's marker stood on a side; behind everything where it was not published yet."""
        at = self.server(page, side).events.markers.get((self.number, page.number))
        return sys.maxsize if at is None else at.position

    def give_up(self, why: str) -> None:
        """Close every connection over which an answer is still to come: nobody will take it."""
        for server, waiting in self._waiting.values():
            if waiting:
                server.stop_asking(why)
