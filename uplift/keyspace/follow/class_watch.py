"""Goes on proving that a server tells of every class of events while a follow runs: somebody may switch one off.

Markers prove the events of commands of every type (`g`, by the canary) in every round; of the other classes nothing else would say.
"""

from __future__ import annotations

from uplift.errors import SourceUnreachable
from uplift.keyspace.follow.event_proof import WHERE_TO_SET, classes_of, probe_requests
from uplift.keyspace.follow.followed_server import FollowedServer
from uplift.keyspace.follow.own_names import probe_name
from uplift.keyspace.server.replies import ErrorReply

_ROUNDS = 2
"""The second round that begins after the probes were written has its markers behind their events."""


class ClassWatch:
    """Of one server. `silence`: what is wrong, None where nothing is. A silent class is a gap for as long as it is silent."""

    def __init__(self, server: FollowedServer, owner: str) -> None:
        self.silence: str | None = None
        self._server, self._owner = server, f"{owner}:{server.database}"
        self._written_in: int | None = None

    def look(self) -> None:
        """About once a second: judge the probes that were written, and write others."""
        server = self._server
        if not server.is_ready or server.gaps.opened is not None:
            # Another subscription than the one they were written for.
            self._written_in = None
        if self._written_in is not None:
            if server.events.round < self._written_in + _ROUNDS:
                return
            self._judge()
        if server.is_ready:
            self._write()

    def _judge(self) -> None:
        server = self._server
        silent = [one for one in classes_of(server.facts) if probe_name(self._owner, one.letter) not in server.events.probes]
        self._written_in = None
        if not silent:
            self.silence = None
            return
        which = ", ".join(f"{one.letter} ({one.of})" for one in silent)
        self.silence = f"{server.name} database {server.database}: events are off: notify-keyspace-events lacks {which}; {WHERE_TO_SET}"
        server.open_gap()

    def _write(self) -> None:
        server = self._server
        server.events.probes.clear()
        try:
            replies = server.connection.call_all(probe_requests(self._owner, classes_of(server.facts)))
        except SourceUnreachable as problem:
            server.stop_asking(str(problem))
            return
        # A server that is full takes no probes: that says nothing of its events.
        if not any(isinstance(reply, ErrorReply) for reply in replies):
            self._written_in = server.events.round
