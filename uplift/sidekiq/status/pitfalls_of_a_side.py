"""Pitfalls of one side by itself, old or new."""

from __future__ import annotations

from collections.abc import Iterator

from uplift.sidekiq.keys.key_kinds import KeyKind
from uplift.sidekiq.keys.shown_names import counted, cut, printable, shown_name, shown_names
from uplift.sidekiq.status.pitfall import Pitfall, PitfallKind
from uplift.sidekiq.status.side_status import PrivateQueueStatus, SideStatus

# A heartbeat comes every 5 s (10 from 6.5 on), and its hash lives for 60.
_LATE_SECONDS = 30.0
_NEEDED = ((8, (7, 0)), (7, (6, 2)), (6, (4, 0)))


def pitfalls_of_a_side(side: SideStatus, name: str) -> Iterator[Pitfall]:
    """Those that apply. `name`: `from` or `to`."""
    yield from _server(side, name)
    yield from _processes(side, name)
    yield from _queues(side, name)
    yield from _not_understood(side, name)
    yield from _of_the_look(side, name)


def _server(side: SideStatus, name: str) -> Iterator[Pitfall]:
    server = side.server
    if server.role != "master":
        yield Pitfall(PitfallKind.REPLICA, name, "this is a replica, and may be behind", "name the primary's endpoint")
    if server.max_memory_policy not in {"", "noeviction"}:
        what = "any key, jobs too" if server.max_memory_policy.startswith("allkeys") else "keys with a TTL: batches, locks and heartbeats"
        evicted = f"; {server.evicted_keys:,} were evicted since it started" if server.evicted_keys else ""
        yield Pitfall(
            PitfallKind.EVICTION,
            name,
            f"maxmemory-policy is {server.max_memory_policy}: where memory is short, the server drops {what}{evicted}",
            "set noeviction on a server of Sidekiq's alone; on one that is shared with a cache keep memory free until jobs have moved",
        )
    for process in side.live:
        major = process.version.partition(".")[0] if process.version else ""
        needed = next((needs for since, needs in _NEEDED if major.isdecimal() and int(major) >= since), None)
        if needed is not None and server.compatible_version < needed:
            yield _engine_too_old(side, name, f"Sidekiq {cut(printable(process.version or ''))}", needed)
            break
    if name == "from" and server.compatible_version < (4, 0):
        yield Pitfall(
            PitfallKind.ENGINE_VERSION,
            name,
            f"redis {server.version}: workers of Sidekiq 6 and later do not start on it, so the way back needs Sidekiq 5 or earlier",
            "do not update Sidekiq before there is no way back to keep",
        )


def _engine_too_old(side: SideStatus, name: str, who: str, needed: tuple[int, int]) -> Pitfall:
    return Pitfall(
        PitfallKind.ENGINE_VERSION,
        name,
        f"a live process is of {who}, which needs Redis {needed[0]}.{needed[1]}; this is {side.server.version}",
        "run a Sidekiq that this server is enough for, or take a later engine",
    )


def _processes(side: SideStatus, name: str) -> Iterator[Pitfall]:
    killed = [process.identity for process in side.processes if not process.is_alive]
    quiet = [process.identity for process in side.live if process.is_quiet]
    late = [process.identity for process in side.live if process.beat is not None and side.at - process.beat > _LATE_SECONDS]
    if killed:
        yield Pitfall(
            PitfallKind.KILLED,
            name,
            f"{shown_names(killed)}: in `processes`, but without a heartbeat: killed, or cut off for more than a minute",
            "jobs it fetched without super_fetch are lost; the name goes when another process cleans up, and stops nothing",
        )
    if quiet:
        yield Pitfall(
            PitfallKind.QUIET,
            name,
            f"{shown_names(quiet)}: quiet, so it fetches nothing more, and puts back what it does not finish when it is stopped",
            "a queue that is empty now may fill again until the process is gone: wait for that before you call the side done",
        )
    if late:
        yield Pitfall(
            PitfallKind.LATE_BEAT,
            name,
            f"{shown_names(late)}: its last heartbeat is more than {_LATE_SECONDS:.0f} s old: frozen, or its host is overloaded",
            "look at the host: an owner that only sleeps looks dead after 60 s, and its job would run twice",
        )


def _queues(side: SideStatus, name: str) -> Iterator[Pitfall]:
    if paused := [queue.name for queue in side.queues if queue.is_paused]:
        yield Pitfall(PitfallKind.PAUSED, name, f"paused: {shown_names(paused)}; nobody works on it", "resume it, or know why it is paused")
    wrong = [b"queue:" + queue.name for queue in side.queues if queue.jobs is None]
    wrong += [one.private.key for one in side.private_queues if one.jobs is None]
    wrong += [one.name for one in side.sorted_sets if one.jobs is None]
    if wrong:
        yield Pitfall(PitfallKind.WRONG_TYPE, name, f"{shown_names(wrong)}: of another type than Sidekiq's", "find out who writes it")
    for one in side.private_queues:
        if one.jobs and not one.owner_lives:
            yield _ownerless(one, name)


def _ownerless(one: PrivateQueueStatus, name: str) -> Pitfall:
    jobs = counted(one.jobs or 0, "job", "jobs")
    from_queue = f" of queue {shown_name(one.private.queue)}" if one.private.queue else ""
    if one.private.owner is None:
        return Pitfall(
            PitfallKind.NO_OWNER,
            name,
            f"{jobs}{from_queue} in {shown_name(one.private.key)}, whose name does not say which process holds them",
            "stop the workers it may belong to, and push its jobs back by hand once none of them lives",
        )
    return Pitfall(
        PitfallKind.DEAD_OWNER,
        name,
        f"{jobs}{from_queue} held by {shown_name(one.private.owner)}, which has no heartbeat",
        "the handover gives them back to the queue when it has looked twice, 60 s apart; so does a new super_fetch process, at most hourly",
    )


def _not_understood(side: SideStatus, name: str) -> Iterator[Pitfall]:
    if locks := side.counts[KeyKind.FOREIGN_LOCK]:
        yield Pitfall(
            PitfallKind.FOREIGN_LOCKS,
            name,
            f"{counted(locks, 'key', 'keys')} of sidekiq-unique-jobs, whose locks the handover cannot move: "
            "a lock without its job blocks the next one",
            "drain with old workers instead, or delete the locks (uniquejobs*) when both sides are stopped",
        )
    if fetches := side.counts[KeyKind.FOREIGN_FETCH]:
        yield Pitfall(
            PitfallKind.FOREIGN_FETCH,
            name,
            f"{counted(fetches, 'key', 'keys')} of GitLab's reliable fetch: jobs in working:queue:* "
            "are held by processes the handover does not know",
            "stop the old workers; one that starts again gives back what is in working:queue:*; then move",
        )
    if side.unknown:
        some = ", ".join(f"{pattern} ({count:,})" for pattern, count in side.unknown[:5])
        yield Pitfall(
            PitfallKind.UNKNOWN_KEYS,
            name,
            f"keys that look like Sidekiq's and are of nothing known: {some}",
            "find the gem that writes them, and give them a rule in the key map (--keymap)",
        )


def _of_the_look(side: SideStatus, name: str) -> Iterator[Pitfall]:
    """What makes a look say less than it seems to."""
    if keys := side.counts[KeyKind.HANDOVER]:
        yield Pitfall(
            PitfallKind.UNDER_WAY,
            name,
            f"{counted(keys, 'key', 'keys')} of a handover (uplift:handover:*): one runs, or was not ended; jobs may be in its outbox",
            "start the same handover again: it goes on where it was; delete none of these keys",
        )
    if side.cut_off:
        kinds = ", ".join(sorted(kind.value for kind in side.cut_off))
        yield Pitfall(PitfallKind.CUT_OFF, name, f"more than 100,000 keys of: {kinds}", "what is said of them is of the first 100,000")
    if not side.processes and not side.queues and not any(one.jobs for one in side.sorted_sets):
        yield Pitfall(
            PitfallKind.NOTHING_HERE,
            name,
            "there is nothing of Sidekiq's in this database",
            "is it the right server and database (redis://host:port/DATABASE)? Keys in a namespace (redis-namespace) are not understood",
        )
