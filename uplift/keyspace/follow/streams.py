"""What every side tells, put together: what an engine does whether it writes or stands by. It asks nothing and decides nothing."""

from __future__ import annotations

import select
from collections import deque

from uplift.errors import KeyUnroutable
from uplift.keyspace.follow.big_look import BIG
from uplift.keyspace.follow.evidence import TouchKind
from uplift.keyspace.follow.followed_server import FollowedServer
from uplift.keyspace.follow.key_state import ABSENT, Side
from uplift.keyspace.follow.messages import Raised
from uplift.keyspace.follow.pasts import Pasts
from uplift.keyspace.follow.side_events import EndAt
from uplift.keyspace.keymap.routing import Router, Rule

_ENDS_KEPT = 4_096
MOST_TOUCH_BYTES = 256 * 1024 * 1024
_RULES_KEPT = 20_000
_ORDERED_KEYS = 50_000
"""How many keys it is known of when they were equal last: more than two streams can be apart."""


class Streams:
    """The servers of one database, and the pasts that their ends write down. `raised`: leases that were taken, and where, to be
    looked at. `pending_lives`: keys written with the later life of the other side, by the winner, to which the next round brings that life;
    `carried_since`: of those that were written, a round that no change of that life came before.

    `most_touch_bytes`: what the dirty keys may take in memory; past it those of a side are dropped, which is a gap, and counted in
    `overflows`.
    """

    def __init__(
        self, source: FollowedServer, targets: list[FollowedServer], router: Router, pasts: Pasts, most_touch_bytes: int = MOST_TOUCH_BYTES
    ) -> None:
        self.source, self.targets, self.pasts = source, targets, pasts
        self.servers = [source, *targets]
        self.raised: deque[tuple[FollowedServer, Raised]] = deque()
        self.pending_lives: dict[bytes, Side] = {}
        self.carried_since: dict[bytes, int] = {}
        self.overflows = 0
        self._router, self._most_touch_bytes = router, most_touch_bytes
        self._rules: dict[bytes, Rule] = {}
        self._ended: dict[tuple[int, int, int], None] = {}
        self._equal_in: dict[bytes, int] = {}
        # Of keys that were written before the marker of their round was seen on the side they were read on, by that marker.
        self._waiting: dict[tuple[int, int, int], list[bytes]] = {}

    def rule_of(self, key: bytes) -> Rule:
        """The rule of a followed key; only such keys become dirty."""
        rule = self._rules.get(key)
        if rule is None:
            rule = self._router.route(key)
            if rule is None:
                raise KeyUnroutable("a key became dirty that no rule is for")
            if len(self._rules) >= _RULES_KEPT:
                self._rules.clear()
            self._rules[key] = rule
        return rule

    def server_of(self, side: Side, key: bytes) -> FollowedServer:
        """The server of one side of a followed key."""
        return self.source if side is Side.SOURCE else self.targets[self.rule_of(key).target]

    def place_of(self, server: FollowedServer) -> int:
        """0 for the source, then the targets."""
        return self.servers.index(server)

    def drain(self, wait_seconds: float = 0.0) -> None:
        """Take what every side told, once some did or `wait_seconds` are over, and settle what ends say."""
        ready = ready_to_take(self.servers, wait_seconds)
        position = max(server.events.position for server in self.servers)
        for server in ready:
            server.drain(position)
        for server in ready:
            events = server.events
            while events.ends:
                self._take_end(server, events.ends.popleft())
            self.raised.extend((server, raised) for raised in events.raised)
            events.raised.clear()
        if self._waiting:
            self._settle_waiting()
        if sum(server.events.touches.bytes for server in self.servers) > self._most_touch_bytes:
            self._drop_touches()

    def _drop_touches(self) -> None:
        """Memory is bounded whatever the backlog: a scan finds again what is forgotten here."""
        fullest = max(self.servers, key=lambda server: server.events.touches.bytes)
        # From the oldest of them on: a write that is dropped here counts as one within the gap, and not as one after its beginning.
        since = fullest.events.touches.oldest_round
        fullest.events.touches.take_all()
        fullest.open_gap(since)
        self.overflows += 1

    def _take_end(self, written: FollowedServer, at: EndAt) -> None:
        """Settles every touch so far where it was written, and those before the round's marker on the other side."""
        number, page = at.end.round, at.end.page
        settle_written = written.events.touches.settle
        for one in at.end.ended:
            winner = self.source if written.side is Side.TARGET else self.server_of(Side.TARGET, one.key)
            since = self._waiting_since(one.key, number) if one.key in self.pending_lives else number
            settle_written(one.key, at.position, at.round)
            self._settle_read(winner, one.key, number, page)
            # A big value has the same token on both sides, which a script cannot say. A life that was over where it was written: as if the
            # key had been there, and had then expired.
            written_token = one.winner_token if one.written_token in {BIG, ABSENT} else one.written_token
            tokens = (one.winner_token, written_token) if written.side is Side.TARGET else (written_token, one.winner_token)
            self.put(one.key, *tokens, one.life, number)
            if self.pending_lives.pop(one.key, None) is not None:
                # The side that was written has the later life.
                events = written.events
                events.touches.note(one.key, TouchKind.LIFE, events.position, events.round)
                self.carried_since[one.key] = since
        self._ended[self.place_of(written), number, page] = None
        if len(self._ended) > _ENDS_KEPT:
            del self._ended[next(iter(self._ended))]

    def _waiting_since(self, key: bytes, number: int) -> int:
        """Its touches are about to be settled by what was read in a round, and something of them is still to be brought over."""
        sides = (self.source, self.server_of(Side.TARGET, key))
        first = [round_ for server in sides if (round_ := server.events.touches.first_round(key)) is not None]
        return min([*first, self.carried_since.get(key, number), number - 1])

    def put(self, key: bytes, source: bytes, target: bytes, life: int, round_: int) -> None:
        """Both sides were equal in this round; nothing where a later one is known, since of two streams one may be behind the other."""
        if self._is_latest(key, round_):
            self.pasts.put(key, source, target, life, round_)

    def _is_latest(self, key: bytes, round_: int) -> bool:
        if self._equal_in.get(key, 0) > round_:
            return False
        self._equal_in.pop(key, None)
        self._equal_in[key] = round_
        if len(self._equal_in) > _ORDERED_KEYS:
            del self._equal_in[next(iter(self._equal_in))]
        return True

    def _settle_read(self, winner: FollowedServer, key: bytes, number: int, page: int) -> None:
        marker = winner.events.markers.get((number, page))
        if marker is not None:
            winner.events.touches.settle(key, marker.position, number)
        elif winner.events.round <= number:
            # A standby may see an end before the marker of the other side. One that it began to listen after came before all its touches.
            self._waiting.setdefault((self.place_of(winner), number, page), []).append(key)

    def _settle_waiting(self) -> None:
        for place, number, page in list(self._waiting):
            events = self.servers[place].events
            marker = events.markers.get((number, page))
            if marker is not None or events.round > number:
                for key in self._waiting.pop((place, number, page)):
                    if marker is not None:
                        events.touches.settle(key, marker.position, number)

    def has_ended(self, server: FollowedServer, number: int, page: int) -> bool:
        """Whether the end of a page of a round was told by a server."""
        return (self.place_of(server), number, page) in self._ended

    @property
    def oldest_round(self) -> int:
        """A round that no unsettled touch came before, and that was whole on every server."""
        rounds = [server.last_whole_round for server in self.servers]
        rounds += [oldest for server in self.servers if (oldest := server.events.touches.oldest_round) is not None]
        return min(rounds)

    def forget_pasts(self) -> None:
        """Nothing that was written down so far is sure."""
        self.pasts.begin_anew()
        self._equal_in.clear()

    def forget(self) -> None:
        """Nothing that was settled or written down so far is sure."""
        self.forget_pasts()
        self.pending_lives.clear()
        self.carried_since.clear()
        self._waiting.clear()
        for server in self.servers:
            server.events.touches.take_all()

    def forget_markers(self) -> None:
        """An engine that writes hears its own, and learns nothing from what they tell."""
        for server in self.servers:
            server.events.marked.clear()

    def close(self) -> None:
        """Close every connection."""
        for server in self.servers:
            server.close()


def ready_to_take(servers: list[FollowedServer], seconds: float) -> list[FollowedServer]:
    """Those of the servers whose subscription has something to take, after `seconds` at most."""
    by_file = {server.subscription.fileno(): server for server in servers if server.subscription is not None}
    poll = select.poll()
    for file in by_file:
        poll.register(file, select.POLLIN)
    return [by_file[file] for file, _ in poll.poll(max(0.0, seconds) * 1000)]
