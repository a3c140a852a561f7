"""Decisions about what the servers are: roles, modes, identities, versions, encryption, clocks."""

from __future__ import annotations

from itertools import combinations

from uplift.split.preflight.check import Check, ServerSide, judged

_OLDEST_SOURCE = (3, 2)
_WORKERS_OF_6 = (4, 0)
_WORKERS_OF_7 = (6, 2)


def check_roles(legacy: ServerSide, targets: list[ServerSide]) -> list[Check]:
    """Primaries, without cluster mode, and each another server."""
    sides = [legacy, *targets]
    refused = [
        f"{side} is a {side.facts.role}, expected: a primary: give the primary endpoint" for side in sides if side.facts.role != "master"
    ]
    refused += [
        f"{side} has cluster mode on, expected: off: its events stay on their shard; a split of it is not offered"
        for side in sides
        if side.facts.cluster_enabled
    ]
    refused += [
        f"{one} and {other} are the same server (run id {one.facts.run_id[:8]}), expected: one server each: check --from and --to"
        for one, other in combinations(sides, 2)
        if one.facts.run_id == other.facts.run_id
    ]
    return judged("servers", refused, [], f"{len(sides)} primaries, none in cluster mode")


def check_versions(legacy: ServerSide, targets: list[ServerSide]) -> list[Check]:
    """What is followed must be known here, and the targets may not be older than what they are given."""
    refused, warned = [], []
    if legacy.facts.compatible_version < _OLDEST_SOURCE:
        refused.append(f"{legacy} is Redis {legacy.facts.version}, expected: 3.2 or later: it was never tried with an older one")
    for side in targets:
        if side.facts.compatible_version[:2] < legacy.facts.compatible_version[:2]:
            refused.append(
                f"{side} is Redis {side.facts.version} and legacy {legacy.facts.version}, expected: the same or a later one: not every "
                "value could be brought there; take a newer target"
            )
        elif side.is_for_jobs and side.facts.compatible_version < _WORKERS_OF_6:
            warned.append(f"{side} is Redis {side.facts.version}: workers of Sidekiq 6 refuse what is older than 4.0")
    fine = ", ".join(f"{side.name} {side.facts.version}{_later(side)}" for side in [legacy, *targets])
    return judged("versions", refused, warned, fine)


def _later(side: ServerSide) -> str:
    return " (workers of Sidekiq 7 want 6.2)" if side.is_for_jobs and side.facts.compatible_version < _WORKERS_OF_7 else ""


def check_encryption(targets: list[ServerSide]) -> list[Check]:
    """TLS and a token on the new groups; without them only a warning, since a rehearsal has none."""
    warned = [f"{side} is reached without TLS: give rediss://" for side in targets if not side.endpoint.tls]
    warned += [
        f"{side}: the certificate is not checked (insecure=true), and applications could not do so either: give ca=FILE"
        for side in targets
        if side.endpoint.insecure
    ]
    warned += [f"{side} asks for no token: give password_env=NAME" for side in targets if side.endpoint.password is None]
    return judged("encryption", [], warned, "TLS and a token on every target")


def check_clocks(legacy: ServerSide, targets: list[ServerSide], tolerance: int) -> list[Check]:
    """Of every target against legacy's, and of legacy's against this machine's; `tolerance` in ms."""
    refused = [
        f"the clock of {side} is {side.clock_ahead - legacy.clock_ahead:+.0f} ms from legacy's, expected: within {tolerance} ms: TTLs "
        "would shrink or grow by as much; set the clock"
        for side in targets
        if abs(side.clock_ahead - legacy.clock_ahead) > tolerance
    ]
    warned = [f"the clock of legacy is {legacy.clock_ahead:+.0f} ms from this machine's"] if abs(legacy.clock_ahead) > tolerance else []
    widest = max((abs(side.clock_ahead - legacy.clock_ahead) for side in targets), default=0.0)
    return judged("clocks", refused, warned, f"within {widest:.0f} ms of legacy's")


def check_standby(*, has_standby: bool) -> list[Check]:
    """Whether another engine takes over where this one dies."""
    warned = (
        []
        if has_standby
        else ["no standby: where this engine dies, a gap begins that only a whole pass ends; begin another with --standby"]
    )
    return judged("standby", [], warned, "one stands by")
