"""Whether a copy may start: pure decisions from what the servers say. Every reason says what was found and what to do."""

from __future__ import annotations

from dataclasses import dataclass

from uplift.keyspace.server.facts import ServerFacts

# What the estimate does not count, see memory_estimate.py.
_ESTIMATE_MARGIN = 1.2
_SOURCE_WARNING_PERCENT = 85
_SOURCE_REFUSAL_PERCENT = 97
_READ_A_REPLICA = "name a replica in --from, which has the same keys and may be read without harm"


@dataclass(frozen=True, slots=True)
class TargetSide:
    """One target before the first write: what it is, how far its clock is ahead of the source's (ms), and what will come."""

    name: str
    facts: ServerFacts
    clock_ahead: float
    coming_bytes: int


@dataclass(frozen=True, slots=True)
class Preflight:
    """The decision: refused where `refusals` is not empty; `bad_input` where a person named the wrong servers."""

    bad_input: tuple[str, ...]
    refusals: tuple[str, ...]
    warnings: tuple[str, ...]


def check_servers(source: ServerFacts, targets: list[TargetSide], clock_tolerance: int) -> Preflight:
    """Identity, mode, roles and clocks. `clock_tolerance` in ms."""
    wrong, refusals, warnings = [], [], []
    seen = {source.run_id: "--from"}
    for facts, name in [(source, "--from"), *((side.facts, f"--to {side.name}") for side in targets)]:
        if facts.cluster_enabled:
            wrong.append(f"{name} runs in cluster mode, allowed: cluster mode disabled")
    for side in targets:
        if (other := seen.get(side.facts.run_id)) is not None:
            wrong.append(f"--to {side.name} is the same server as {other} (run id {side.facts.run_id[:8]}), allowed: different servers")
        seen[side.facts.run_id] = f"--to {side.name}"
        if side.facts.role != "master":
            wrong.append(f"--to {side.name} is a replica, allowed: a primary")
        if abs(side.clock_ahead) > clock_tolerance:
            refusals.append(
                f"the clock of {side.name} is {side.clock_ahead:+.0f} ms from the source's, allowed: {clock_tolerance} ms "
                "(--clock-tolerance): TTLs would shrink or grow by as much"
            )
    if source.role != "master":
        warnings.append(f"--from is a replica, {_lag(source)}: what its primary has not sent yet is not copied")
        if reason := lost_primary(source):
            refusals.append(reason)
    return Preflight(tuple(wrong), tuple(refusals), tuple(warnings))


def lost_primary(source: ServerFacts) -> str:
    """Why a source that is a replica must not be read any more; empty where it may."""
    if source.role == "master" or source.primary_link_up:
        return ""
    return "--from is a replica that has lost its primary: read the primary, or wait until the link is up"


def _lag(source: ServerFacts) -> str:
    return f"last heard of its primary {source.primary_last_heard_seconds} s ago"


def check_memory(source: ServerFacts, targets: list[TargetSide], unexplained_bytes: int) -> Preflight:
    """Room on the targets for what comes, and on the source for being read.

    `unexplained_bytes`: memory of the source that the sample does not account for; big keys it missed may all go to one target.

    A full target with an eviction policy throws keys away and answers OK, so its room must be sure beforehand. Replies on their way count
    towards a server's memory (redis/redis 3.2 src/server.c, freeMemoryIfNeeded: only replicas' buffers are left out).
    """
    refusals, warnings = [], []
    for side in targets:
        free = side.facts.free_memory_bytes
        need = int(side.coming_bytes * _ESTIMATE_MARGIN)
        if free is not None and need > free:
            refusals.append(
                f"{side.name} has {free / 1e6:,.0f} MB left of maxmemory and about {need / 1e6:,.0f} MB are coming "
                f"(policy {side.facts.max_memory_policy}): take a larger node, or a smaller part by --only"
            )
        elif free is not None and need + unexplained_bytes > free:
            warnings.append(
                f"{side.name} has {free / 1e6:,.0f} MB left, about {need / 1e6:,.0f} MB are coming, and "
                f"{unexplained_bytes / 1e6:,.0f} MB of the source are not explained by the sample: `uplift inventory` sizes every key"
            )
        if side.facts.max_memory_bytes and side.facts.max_memory_policy != "noeviction":
            warnings.append(f"{side.name} evicts by {side.facts.max_memory_policy}: the copy stops as soon as its evicted_keys grows")
    full = check_being_read(source)
    return Preflight((), (*refusals, *full.refusals), (*warnings, *full.warnings))


def check_being_read(source: ServerFacts, name: str = "the source", hint: str = _READ_A_REPLICA) -> Preflight:
    """Room on a server for being read: replies on their way count towards its memory, and a full one makes room for them by evicting.

    One that does not evict refuses its clients' writes for that moment, which they are told.
    """
    percent = source.memory_percent
    if percent is None or source.role != "master" or percent < _SOURCE_WARNING_PERCENT:
        return Preflight((), (), ())
    uses = f"{name} uses {percent} % of maxmemory"
    policy = source.max_memory_policy
    if policy == "noeviction":
        return Preflight((), (), (f"{uses}; replies on their way count too, and a full one refuses its clients' writes: {hint}",))
    if percent < _SOURCE_REFUSAL_PERCENT:
        return Preflight((), (), (f"{uses}; replies on their way count too: {hint}",))
    return Preflight((), (f"{uses}, and being read makes it evict ({policy}): {hint}",), ())
