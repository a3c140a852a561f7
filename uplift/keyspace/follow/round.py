"""One round: a marker and readings on every side, the fence, decisions, and what is written."""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from dataclasses import dataclass, field

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


@dataclass(slots=True)
class Round:
    """`drain` takes what the subscriptions were told. `lease`: whose round it is."""

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
    _under_way: list[FollowedServer] = field(default_factory=list)

    def server(self, page: Page, side: Side) -> FollowedServer:
        """The server of one side of a page."""
        return self.source if side is Side.SOURCE else self.targets[page.target]

    def read(self) -> None:
        """Ask every server, and take what they answer. Raises Abandoned."""
        for side in Side:
            for page in self.pages:
                self._send(self.server(page, side), self._read_request(page, side))
        self.stop_point("reads sent")
        for side in Side:
            for page in self.pages:
                self.readings[page.number, side] = self._receive_reading(page, side)
        self.stop_point("reads answered")

    def _read_request(self, page: Page, side: Side) -> bytes:
        names = page.keys_read(side)
        if side is Side.TARGET:
            names = [self.rules[key].root + key for key in names]
        marker = marker_text(self.lease.text, self.number, page.number, self.told if page.number == 0 and side is Side.SOURCE else b"")
        return read_request(names, marker, self.server(page, side).database, page.form, self.limits)

    def _receive_reading(self, page: Page, side: Side) -> Reading:
        server = self.server(page, side)
        try:
            return reading_of(self._receive(server), page.form)
        except ErrorReply as problem:
            raise Abandoned(f"{server.name} answered: {problem.safe}") from None
        except SourceUnreachable as problem:
            raise Abandoned(str(problem)) from None

    def wait_for_markers(self) -> None:
        """The fence: every marker came back over the subscriptions. One that does not is a gap. Raises Abandoned."""
        wanted = [(self.server(page, side), (self.number, page.number)) for side in Side for page in self.pages]
        self._wait(lambda: [(server, at) for server, at in wanted if at not in server.events.markers], "marker")
        self.stop_point("markers seen")

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

    def positions(self, page: Page) -> tuple[int, int]:
        """Where the page's markers stood, by side."""
        at = (self.number, page.number)
        return self.source.events.markers[at].position, self.targets[page.target].events.markers[at].position

    def apply(self, changes: dict[tuple[int, Side], list[Change]]) -> dict[tuple[int, Side], Answer]:
        """Write them, by page and the side that is written; every answer came, and every end. Raises Abandoned."""
        by_number = {page.number: page for page in self.pages}
        for (number, side), some in changes.items():
            server = self.server(by_number[number], side)
            request = apply_request(
                some, self.lease, server.database, self.number, number, self.limits, has_absolute_ttl=server.has_absolute_ttl
            )
            self._send(server, request)
        self.stop_point("applies sent")
        answers = {}
        for (number, side), some in changes.items():
            server = self.server(by_number[number], side)
            try:
                answers[number, side] = answer_of(self._receive(server), some)
            except ErrorReply as problem:
                raise Abandoned(f"{server.name} answered: {problem.safe}") from None
        self.stop_point("applies answered")
        return answers

    def wait_for_ends(self, answers: dict[tuple[int, Side], Answer]) -> None:
        """Every end of what was done came back: only they settle. Raises Abandoned."""
        by_number = {page.number: page for page in self.pages}
        wanted = [
            (self.server(by_number[number], side), (self.number, number))
            for (number, side), answer in answers.items()
            if answer.fenced is None
        ]
        self._wait(lambda: [(server, at) for server, at in wanted if not self.has_ended(server, *at)], "written page's end")
        self.stop_point("ends seen")

    def _send(self, server: FollowedServer, request: bytes) -> None:
        self._under_way.append(server)
        try:
            server.connection.send(request)
        except SourceUnreachable as problem:
            raise Abandoned(str(problem)) from None

    def _receive(self, server: FollowedServer) -> Reply | ErrorReply:
        try:
            reply = server.connection.read()
        except SourceUnreachable as problem:
            raise Abandoned(str(problem)) from None
        self._under_way.remove(server)
        return reply

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
