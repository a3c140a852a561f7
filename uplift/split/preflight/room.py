"""Decisions about memory: on the targets for what comes, on legacy for being read and for the way back."""

from __future__ import annotations

from dataclasses import dataclass

from uplift.keyspace.server.server_checks import check_being_read
from uplift.split.preflight.check import Check, ServerSide, judged

_SIZES = "`uplift inventory` says the bytes of every pattern"
_ROOM_FOR_WAY_BACK_PERCENT = 10


@dataclass(frozen=True, slots=True)
class Coming:
    """`keys` of legacy's `of_keys` go to a target."""

    keys: int
    of_keys: int


def check_room(legacy: ServerSide, target: ServerSide, coming: Coming, *, is_there: bool) -> list[Check]:
    """Room on one target, by its share of legacy's keys: keys of one rule may be larger than others, so what may not fit warns only.

    `is_there`: this run has copied before, so what comes is there already.
    """
    facts, refused, warned = target.facts, [], []
    policy = facts.max_memory_policy
    if target.is_for_jobs and policy != "noeviction":
        refused.append(
            f"{target}: maxmemory-policy {policy}, expected: noeviction: under pressure it throws jobs or ledgers away; set it in the "
            "parameter group"
        )
    elif policy != "noeviction" and facts.max_memory_bytes:
        warned.append(f"{target} evicts by {policy}: what it throws away is removed from legacy too, once both ways are followed")
    free = facts.free_memory_bytes
    share = legacy.facts.used_memory_bytes * coming.keys // coming.of_keys if coming.of_keys else 0
    if free is not None and not is_there:
        if share > free:
            refused.append(
                f"{target} has {free / 1e6:,.0f} MB left and about {share / 1e6:,.0f} MB are coming (its share of legacy's keys), "
                f"expected: room for them: take a larger node; {_SIZES}"
            )
        elif coming.keys and legacy.facts.used_memory_bytes > free:
            warned.append(
                f"{target} has {free / 1e6:,.0f} MB left and about {share / 1e6:,.0f} MB are coming (its share of legacy's keys); "
                f"large values may not fit: {_SIZES}"
            )
    left = "no limit" if free is None else f"{free / 1e6:,.0f} MB left"
    return judged(f"room on {target.name}", refused, warned, f"{left}, about {share / 1e6:,.0f} MB of legacy's keys, {policy}")


def check_legacy_room(legacy: ServerSide) -> list[Check]:
    """Legacy is read, and until finish everything written on the new side is written there as well."""
    facts = legacy.facts
    found = check_being_read(facts, "legacy", "take a larger node for the time of the split")
    refused, warned = list(found.refusals), list(found.warnings)
    percent = facts.memory_percent
    if not (refused or warned) and percent is not None and 100 - percent < _ROOM_FOR_WAY_BACK_PERCENT:
        warned.append(f"legacy uses {percent} % of maxmemory: for the way back it must hold what the new side writes; take a larger node")
    used = "no limit" if percent is None else f"{percent} % of maxmemory used"
    return judged("room on legacy", refused, warned, f"{used}, {facts.max_memory_policy or 'no policy'}")
