"""All databases of a run: members are stepped in turn, none waits while another has work."""

from __future__ import annotations

import time
from dataclasses import dataclass

from uplift.keyspace.follow.base import open_base
from uplift.keyspace.follow.decision import Policy
from uplift.keyspace.follow.followed_database import HEARTBEAT_SECONDS, FollowedDatabase
from uplift.keyspace.follow.followed_names import FollowedNames
from uplift.keyspace.follow.followed_server import FollowedServer
from uplift.keyspace.follow.interruptions import Fenced
from uplift.keyspace.follow.key_state import Side
from uplift.keyspace.follow.live_settings import LiveSetting, SettingName
from uplift.keyspace.follow.member import Member
from uplift.keyspace.follow.own_keys_there import LeaseHolder
from uplift.keyspace.follow.pasts import Pasts
from uplift.keyspace.follow.round import StopPoint
from uplift.keyspace.follow.starting import SOURCE_NAME, FollowRequest, Scene
from uplift.keyspace.follow.state_file import FollowState
from uplift.keyspace.follow.state_folder import StateFolder
from uplift.keyspace.follow.streams import Streams, ready_to_take
from uplift.keyspace.follow.totals import Step

_BASE_BYTES = 256 * 1024 * 1024
ROUNDS_AHEAD = 1_000_000
"""Rounds of a restart begin so far above what was written down: that is a second old, or a few."""
ROUNDS_AN_EPOCH = 1_000_000_000
"""More than an engine comes to in a week: every engine takes an epoch of its own."""
_HAND_OVER_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What came of a hand-over: `by` is the engine that took over, None where none did in time."""

    by: str | None


class Sources:
    """The source, listened to in every database from before the copy on."""

    def __init__(self, request: FollowRequest, scene: Scene, names: FollowedNames, state: FollowState) -> None:
        self.servers: dict[int, FollowedServer] = {}
        try:
            for database in scene.databases:
                server = FollowedServer(Side.SOURCE, SOURCE_NAME, request.source, database, names.on_source(database))
                server.events.round = _heard_from(request, state, scene, database)
                server.events.takes_any_round = request.stands_by
                self.servers[database] = server
        except BaseException:
            self.close()
            raise

    def drain(self, wait_seconds: float, most_bytes: int) -> None:
        """Take what was told. More touches than there is room for are dropped: every server begins with a gap, and a pass finds them."""
        for server in ready_to_take(list(self.servers.values()), wait_seconds):
            server.drain(0)
        for server in self.servers.values():
            if not server.is_ready:
                server.make_ready()
            if server.events.touches.bytes > most_bytes // len(self.servers):
                server.events.touches.take_all()

    def close(self) -> None:
        """Close every connection."""
        for server in self.servers.values():
            server.close()


def first_round(state: FollowState, scene: Scene, database: int) -> int:
    """A round that none of an earlier engine of the directory was above, nor one of another directory of the run that led since."""
    known = state.databases.get(database)
    after_own = known.round + ROUNDS_AHEAD if known is not None and known.round else 0
    is_after_another = scene.holder is LeaseHolder.THIS_RUN and not scene.is_own
    return max(after_own, (scene.epoch + 1) * ROUNDS_AN_EPOCH) if is_after_another else after_own


def _heard_from(request: FollowRequest, state: FollowState, scene: Scene, database: int) -> int:
    """The round before anything was heard. One that stands by for another engine has none: that one's markers say which it is, and what was
    told before the first of them must not look later than what is told behind it.
    """
    return 0 if request.stands_by and not scene.is_own else first_round(state, scene, database)


class Following:
    """`owner` is a name no other engine has."""

    def __init__(
        self,
        request: FollowRequest,
        scene: Scene,
        names: FollowedNames,
        state: FollowState,
        folder: StateFolder,
        owner: str,
        sources: Sources,
        stop_point: StopPoint,
    ) -> None:
        """Raises what FollowedServer and open_base raise; nothing stays open then."""
        self.names = names
        self.databases: list[FollowedDatabase] = []
        self._request, self._scene, self._state, self._folder = request, scene, state, folder
        self._hand_over_until: float | None = None
        self._handed: dict[int, str] = {}
        self._pasts: list[Pasts] = []
        try:
            for database in scene.databases:
                streams = self._streams(database, sources.servers[database])
                policy = Policy(state.is_two_way, state.authority_side)
                member = Member(
                    streams,
                    scene.router,
                    policy,
                    owner,
                    stands_by=request.stands_by,
                    least_round=first_round(state, scene, database),
                    stop_point=stop_point,
                )
                self.databases.append(FollowedDatabase(database, member))
        except BaseException:
            self.close()
            raise

    def _streams(self, database: int, source: FollowedServer) -> Streams:
        targets: list[FollowedServer] = []
        try:
            for index, target in enumerate(self._request.targets):
                targets.append(FollowedServer(Side.TARGET, target.name, target.endpoint, database, self.names.on_target(index)))
            streams = Streams(source, targets, self._scene.router, self._past_of(database))
        except BaseException:
            for server in targets:
                server.close()
            raise
        for server in streams.servers:
            server.events.round = max(server.events.round, _heard_from(self._request, self._state, self._scene, database))
            server.events.takes_any_round = self._request.stands_by
            server.had_lease = self._state.has_led
            server.gaps.open(0)
        return streams

    def _past_of(self, database: int) -> Pasts:
        pasts = Pasts(open_base(self._folder.base_path(database), _BASE_BYTES), self._folder.sent_path(database))
        self._pasts.append(pasts)
        if self._scene.is_own:
            pasts.complete_since = self._state.of_database(database).complete_since
        else:
            # Another engine may have written since, or nobody knows who did: what was equal then says nothing any more.
            pasts.begin_anew()
        return pasts

    @property
    def stands_by(self) -> bool:
        """Whether no database's lease is this engine's."""
        return all(database.engine is None for database in self.databases)

    @property
    def is_handing_over(self) -> bool:
        """Whether it waits for another engine to take over."""
        return self._hand_over_until is not None

    @property
    def is_leading(self) -> bool:
        """Whether every database's lease is this engine's, as far as it knows."""
        return not self.is_handing_over and all(database.is_leading for database in self.databases)

    @property
    def has_gap(self) -> bool:
        """Whether events may have been missed somewhere, and no pass has compared every key since."""
        return not all(server.gaps.are_over for server in self.servers)

    @property
    def settled_before(self) -> float | None:
        """As Settled.before, of all databases; None where one of them does not know it."""
        moments = [database.settled_before for database in self.databases]
        known = [moment for moment in moments if moment is not None]
        return min(known) if known and len(known) == len(moments) else None

    @property
    def policy(self) -> Policy:
        """Of the first database; all have the same."""
        return self.databases[0].member.policy

    @property
    def servers(self) -> list[FollowedServer]:
        """Of every database."""
        return [server for database in self.databases for server in database.servers]

    def step(self, wait_seconds: float) -> list[tuple[FollowedDatabase, Step]]:
        """A step of each member that has something to do. Raises what Member.step raises."""
        if len(self.databases) == 1:
            return [(self.databases[0], self.databases[0].step(wait_seconds))]
        has_work = any(database.engine is not None and database.engine.has_work for database in self.databases)
        ready = ready_to_take(self.servers, 0.0 if has_work else min(wait_seconds, HEARTBEAT_SECONDS))
        return [(database, database.step(0.0)) for database in self.databases if database.is_due(ready)]

    def hand_over(self) -> None:
        """Let another engine take over: this one is silent from now on."""
        self._hand_over_until, self._handed = time.monotonic() + _HAND_OVER_SECONDS, {}

    def step_of_hand_over(self, wait_seconds: float) -> HandedOver | None:
        """Listen who takes over; None while nobody has. Where nobody does in time this engine goes on."""
        for database in self.databases:
            if database.engine is None or database.number in self._handed:
                continue
            try:
                database.engine.drain(wait_seconds / len(self.databases))
            except Fenced as fenced:
                database.engine.give_up()
                self._handed[database.number] = fenced.by.decode("ascii", "replace")
        if len(self._handed) == len(self.databases):
            return HandedOver(self._handed[self.databases[0].number])
        if self._handed or self._hand_over_until is None or time.monotonic() < self._hand_over_until:
            return None
        self._hand_over_until = None
        return HandedOver(None)

    def look(self, settings: dict[SettingName, LiveSetting], targets_serve: bool | None = None) -> None:
        """About once a second: measure, and see to it that every engine has the settings. `targets_serve` as in Engine."""
        for database in self.databases:
            if database.engine is not None:
                database.engine.passes.share = settings[SettingName.RECONCILING_SHARE].value
                database.engine.targets_serve = targets_serve
                database.engine.is_paused = settings[SettingName.PAUSED].value > 0
            database.look()

    def set_policy(self, policy: Policy) -> None:
        """From now on every engine decides by it, and tells those that stand by."""
        for database in self.databases:
            if database.engine is not None:
                database.engine.policy = policy

    def close(self) -> None:
        """Close every connection and every base; leases stay. Raises NotWritten."""
        for database in self.databases:
            database.member.close()
        for pasts in self._pasts:
            pasts.close()
