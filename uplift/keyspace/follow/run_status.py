"""From what a run is to what it says of itself."""

from __future__ import annotations

import os
import time
from collections import Counter
from dataclasses import dataclass

from uplift.keyspace.follow.first_copy import FirstCopy
from uplift.keyspace.follow.following import Following
from uplift.keyspace.follow.live_settings import LiveSetting, SettingName
from uplift.keyspace.follow.meters import Lag, Rate
from uplift.keyspace.follow.named_keys import NamedKeys
from uplift.keyspace.follow.phase import Phase
from uplift.keyspace.follow.state_file import FollowState
from uplift.keyspace.follow.status import (
    CopyStatus,
    DifferenceStatus,
    ForeignWriter,
    GapStatus,
    LagStatus,
    PassStatus,
    SettingStatus,
    StandbyStatus,
    Status,
    ThrottleStatus,
    WayBackStatus,
)

_MOST_LABELS_SHOWN = 100
_MOST_PATTERNS_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Told:
    """What the run itself knows. `phase_since` and `in_sync_since`: monotonic seconds; `gap_since` when the oldest open gap was seen."""

    engine: str
    is_resumed: bool
    phase: Phase
    phase_since: float
    why: str | None
    not_in_sync: str | None
    in_sync_since: float | None
    gap_since: float | None
    way_back: WayBackStatus
    throttled: ThrottleStatus | None
    not_followed: tuple[int, ...]


class Rates:
    """Of events that were somebody else's, and of keys written."""

    def __init__(self) -> None:
        self.events, self.keys = Rate(), Rate()

    def look(self, following: Following) -> None:
        """About once a second."""
        self.events.look(sum(server.events.touched for server in following.servers))
        self.keys.look(sum(database.engine.totals.written for database in following.databases if database.engine is not None))


def status_of(
    told: Told, state: FollowState, named: NamedKeys, rates: Rates, copy: FirstCopy | None, following: Following | None
) -> Status:
    """The whole status as it is now."""
    now = time.monotonic()
    copying = copy.status() if copy is not None and following is None else None
    reconciling = pass_status(following) if following is not None and not following.stands_by else None
    return Status(
        at=time.time(),
        run=state.run,
        engine=told.engine,
        process=os.getpid(),
        revision=state.revision,
        phase=told.phase,
        phase_seconds=now - told.phase_since,
        is_resumed=told.is_resumed,
        is_two_way=state.is_two_way,
        authority=state.authority,
        lease=following.databases[0].lease if following is not None else None,
        why=told.why,
        not_in_sync=told.not_in_sync,
        in_sync_seconds=None if told.in_sync_since is None else now - told.in_sync_since,
        proof_seconds=_proof_seconds(following),
        seconds_left=_seconds_left(told, copying, reconciling),
        databases=tuple(sorted(state.databases)),
        lag=_lag(following),
        events_a_second=rates.events.a_second,
        keys_a_second=copying.keys_a_second if copying is not None else rates.keys.a_second,
        dirty=_dirty(following),
        copy=copying,
        reconciling=reconciling,
        gaps=_gaps(following, told.gap_since),
        differences=differences(following),
        conflicts=_counted(following, "conflicts"),
        named=dict(named.by_reason),
        labels=dict(list(named.labels.items())[-_MOST_LABELS_SHOWN:]),
        left=_counted(following, "left"),
        not_described=following.names.not_described if following is not None else 0,
        not_described_patterns=dict(following.names.not_described_patterns.most_common(_MOST_PATTERNS_SHOWN)) if following else {},
        throttled=told.throttled,
        foreign_writers=foreign_writers(following),
        not_followed=told.not_followed,
        standby=standby_status(following),
        way_back=told.way_back,
        settings=tuple(_setting(name, one) for name, one in sorted(state.settings.items())),
    )


def foreign_writers(following: Following | None) -> tuple[ForeignWriter, ...]:
    """Who else wrote to a target, by target and database; the client that was idle least stands for all of its clients."""
    found = []
    for database in following.databases if following is not None else ():
        if database.engine is None:
            continue
        for server, writers in zip(database.servers[1:], database.engine.foreign, strict=True):
            if writers.writes:
                client = str(writers.clients[0]) if writers.clients else "a client that is gone"
                found.append(ForeignWriter(server.name, client, writers.writes))
    return tuple(found)


def _setting(name: SettingName, setting: LiveSetting) -> SettingStatus:
    left = None if setting.until is None else max(0.0, setting.until - time.time())
    return SettingStatus(name.value, setting.value, left)


def _seconds_left(told: Told, copying: CopyStatus | None, reconciling: PassStatus | None) -> float | None:
    """Until the copy is over, or the pass that may prove that all is in sync."""
    if copying is not None:
        return copying.seconds_left
    return reconciling.seconds_left if reconciling is not None and told.in_sync_since is None else None


def _proof_seconds(following: Following | None) -> float | None:
    engines = [database.engine for database in following.databases] if following is not None else []
    ended = [engine.passes.done.ended_at for engine in engines if engine is not None and engine.passes.done is not None]
    return time.monotonic() - min(ended) if ended and len(ended) == len(engines) else None


def _lag(following: Following | None) -> LagStatus:
    """The worst of all databases."""
    found: list[Lag] = (
        [lag for database in following.databases if (lag := database.lags.lag()) is not None] if following is not None else []
    )
    if not found:
        return LagStatus()
    return LagStatus(max(lag.p50 for lag in found) * 1000, max(lag.p99 for lag in found) * 1000)


def _dirty(following: Following | None) -> int:
    if following is None:
        return 0
    return sum(
        len(database.engine.dirty) if database.engine is not None else sum(len(server.events.touches) for server in database.servers)
        for database in following.databases
    )


def pass_status(following: Following) -> PassStatus | None:
    """Of all databases together; None where none has an engine."""
    found = [(database, database.engine.passes) for database in following.databases if database.engine is not None]
    if not found:
        return None
    whole = [passes.done for _, passes in found if passes.done is not None]
    left = [_pass_seconds_left(database.keys, passes.seen, passes.seconds_under_way) for database, passes in found if passes.is_running]
    known = [seconds for seconds in left if seconds is not None]
    return PassStatus(
        whole=min(passes.count for _, passes in found),
        is_running=bool(left),
        share=found[0][1].share,
        cycle_seconds=max(one.ended_at - one.began_at for one in whole) if whole else None,
        seen=sum(passes.seen for _, passes in found),
        keys=sum(database.keys for database, _ in found),
        seconds_left=max(known) if known and len(known) == len(left) else None,
        differing=sum(one.differing for one in whole),
        unexplained=sum(one.unexplained for one in whole),
    )


def _pass_seconds_left(keys: int, seen: int, seconds: float) -> float | None:
    if not seen or not keys:
        return None
    return seconds * max(0, keys - seen) / seen


def _gaps(following: Following | None, since: float | None) -> GapStatus:
    servers = following.servers if following is not None else []
    opened = tuple(f"{server.name} database {server.database}" for server in servers if server.gaps.opened is not None)
    seconds = time.monotonic() - since if opened and since is not None else None
    return GapStatus(opened, sum(server.gap_count for server in servers), seconds)


def differences(following: Following | None) -> DifferenceStatus:
    """Of all databases."""
    found = [database.differences() for database in following.databases] if following is not None else []
    return DifferenceStatus(
        sum(one.in_flight for one in found),
        sum(one.lasting for one in found),
        sum(one.never_still for one in found),
        max((one.oldest_seconds for one in found), default=0.0),
    )


def standby_status(following: Following | None) -> StandbyStatus:
    """Engines that stand by in every database."""
    found = [database.standby for database in following.databases] if following is not None else []
    return StandbyStatus(min((one.present for one in found), default=0), min((one.warm for one in found), default=0))


def _counted(following: Following | None, what: str) -> dict[str, int]:
    total: Counter[str] = Counter()
    for database in following.databases if following is not None else []:
        if database.engine is not None:
            totals = database.engine.totals
            total.update(totals.conflicts if what == "conflicts" else totals.left_unequal)
    return dict(total)
