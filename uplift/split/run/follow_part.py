"""The follow as a part of a split: opened to lead or to stand by, and what decisions need to know of it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from uplift.errors import BadInput
from uplift.keyspace.follow.follow_seed import FollowSeed
from uplift.keyspace.follow.followed_names import NO_RULE
from uplift.keyspace.follow.key_state import Side as KeySide
from uplift.keyspace.follow.live_settings import LiveSetting, SettingName
from uplift.keyspace.follow.run import FollowRun
from uplift.keyspace.follow.run_step import Outcome, RunStep
from uplift.keyspace.follow.starting import FollowRequest
from uplift.keyspace.follow.status import Status
from uplift.keyspace.keymap.model import KeyMap
from uplift.split.decisions.facts import FollowFacts
from uplift.split.record.split_record import SplitRecord
from uplift.split.record.stage import Side
from uplift.split.run.request import SplitRequest

_FOREIGN_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class FollowPlace:
    """`scratch` is this engine's own: what is in it may be lost, and costs a pass. `copy` is every engine's of the run."""

    scratch: Path
    copy: Path


class FollowPart:
    """Of one engine; `run` is None until it is opened. `on_handed_over` is told names of Sidekiq's on legacy, with their database."""

    def __init__(self, request: SplitRequest, keymap: KeyMap, place: FollowPlace, on_handed_over: Callable[[int, bytes], None]) -> None:
        self.run: FollowRun | None = None
        self._request, self._keymap, self._place, self._on_handed_over = request, keymap, place, on_handed_over
        self._status: Status | None = None

    def open(self, record: SplitRecord, *, stands_by: bool) -> None:
        """Join the run, or lead it. Raises what FollowRun raises."""
        seed = FollowSeed(
            run=record.run,
            secret=record.secret,
            is_copied=record.is_copied,
            has_led=record.has_led,
            is_two_way=record.is_armed,
            authority=key_side_of(record.stage.side),
            databases=record.databases,
        )
        request = self._request
        follow = FollowRequest(
            request.source,
            request.followed,
            self._keymap,
            request.databases,
            clock_tolerance=request.clock_tolerance,
            stands_by=stands_by,
        )
        self.run = FollowRun(follow, self._place.scratch, seed=seed, copy_path=self._place.copy, on_handed_over=self._on_handed_over)

    def step(self, wait_seconds: float) -> RunStep:
        """As FollowRun.step."""
        return self.existing.step(wait_seconds)

    @property
    def existing(self) -> FollowRun:
        """The run, once it was opened."""
        if self.run is None:
            raise BadInput("no follow was opened, allowed: after the preflight")
        return self.run

    @property
    def is_leading(self) -> bool:
        """Whether this engine may write."""
        return self.run is not None and self.run.is_leading

    def status(self) -> Status | None:
        """As it is now; None where none was opened."""
        self._status = self.run.status() if self.run is not None else None
        return self._status

    @property
    def has_joined(self) -> bool:
        """Whether it listens, or more."""
        return self.run is not None and self.run.following is not None

    def facts(self, status: Status | None, allowed: Callable[[str], bool]) -> FollowFacts:
        """What decisions need. `allowed`: whether a client, as it is shown, is nobody's application."""
        run = self.run
        if run is None or status is None or not self.has_joined:
            return FollowFacts(
                is_following=False, not_in_sync="it does not follow yet", is_two_way=False, way_back_lost="it does not follow yet"
            )
        way_back = status.way_back
        return FollowFacts(
            not_in_sync=status.not_in_sync,
            is_two_way=status.is_two_way,
            has_gap=run.has_gap,
            is_paused=run.record.state.settings[SettingName.PAUSED].value > 0,
            lag_ms=status.lag.p99_ms,
            proof_seconds=status.proof_seconds,
            way_back_lost=None if way_back is None or way_back.is_open else way_back.why_not,
            way_back_seconds=way_back.seconds if way_back is not None else 0.0,
            no_rule=status.named.get(NO_RULE, 0),
            named=status.named_keys,
            not_described=Counter(status.not_described_patterns),
            foreign_writers=self._foreign_writers(allowed),
            standby_present=status.standby.present,
            standby_warm=status.standby.warm,
            pass_began_at=self.pass_began_at,
            lasting=status.differences.lasting,
        )

    def _foreign_writers(self, allowed: Callable[[str], bool]) -> tuple[str, ...]:
        """Who wrote to a target a short while ago that no application uses yet, each client for itself."""
        found: list[str] = []
        now = time.time()
        for database in self.existing.following.databases if self.existing.following is not None else ():
            if database.engine is None:
                continue
            for server, writers in zip(database.servers[1:], database.engine.foreign, strict=True):
                if writers.last_at is None or now - writers.last_at > _FOREIGN_SECONDS:
                    continue
                clients = [str(client) for client in writers.clients] or ["a client that is gone"]
                found += [f"{client} on {server.name}, {writers.writes:,} events" for client in clients if not allowed(client)]
        return tuple(found)

    def foreign_events(self, side: Side | None) -> int | None:
        """How many events of applications were told of on a side, since this engine listens; None where some may have been missed."""
        run = self.run
        if side is None or run is None or run.following is None or run.has_gap:
            return None
        wanted = key_side_of(side)
        return sum(server.events.changed_by_somebody for server in run.following.servers if server.side is wanted)

    @property
    def pass_began_at(self) -> float | None:
        """When the latest whole pass began, of the database where it was first (seconds since 1970), if none found what no event told
        of.
        """
        run = self.run
        if run is None or run.following is None:
            return None
        engines = [database.engine for database in run.following.databases]
        whole = [engine.passes.done for engine in engines if engine is not None and engine.passes.done is not None]
        if len(whole) != len(engines) or any(one.unexplained for one in whole):
            return None
        return time.time() - (time.monotonic() - min(one.began_at for one in whole))

    def begin_pass(self) -> None:
        """Compare every key, from the first one on."""
        run = self.run
        if run is not None and run.following is not None:
            for database in run.following.databases:
                if database.engine is not None:
                    database.engine.begin_pass()
                    # Somebody waits for it: it takes all the time there is.
                    database.engine.passes.is_proof = True

    def want(self, authority: Side, *, is_two_way: bool, targets_serve: bool) -> None:
        """See to it that it decides by this."""
        run = self.run
        if run is None or run.following is None or not run.is_leading:
            return
        run.targets_serve = targets_serve
        policy, side = run.following.policy, key_side_of(authority)
        if policy.two_way != is_two_way or KeySide(policy.authority) is not side:
            run.set_policy(is_two_way, side)

    def decides_by(self, authority: Side) -> bool:
        """Whether that side is right where nothing else decides."""
        run = self.run
        return run is not None and run.following is not None and KeySide(run.following.policy.authority) is key_side_of(authority)

    def set(self, name: SettingName, setting: LiveSetting) -> None:
        """A setting as the record has it."""
        run = self.run
        if run is not None and run.record.state.settings.get(name) != setting:
            run.record.state.settings[name] = setting
            run.record.decide()

    @property
    def is_out(self) -> Outcome | None:
        """How it ended by itself; None while it goes on."""
        return self.run.outcome if self.run is not None else None

    def close(self) -> None:
        """Close everything; the leases stay. Safe to call twice."""
        if self.run is not None:
            self.run.close()
            self.run = None


def key_side_of(side: Side) -> KeySide:
    """The follow's word for a side: legacy is its source."""
    return KeySide.SOURCE if side is Side.OLD else KeySide.TARGET
