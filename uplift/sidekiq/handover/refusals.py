"""What a handover does not begin with, or goes on beside: decided from what was read, and said in one line with what to do."""

from __future__ import annotations

from uplift.errors import UpliftError
from uplift.keyspace.server.facts import ServerFacts
from uplift.sidekiq.keys.key_kinds import KeyKind
from uplift.sidekiq.keys.survey import Survey
from uplift.sidekiq.run.own_names import jobs_of_other_runs

_NAMES_SHOWN = 5


class HandoverRefused(UpliftError):
    """Something was found that a handover may not pass over; what was moved so far is moved, nothing more is."""

    code = "HandoverRefused"


def refuse_what_is_not_understood(found: Survey) -> None:
    """Raises HandoverRefused for keys of gems that keep jobs in another way, and for keys of Sidekiq's side that are not known."""
    if locks := found.counts[KeyKind.FOREIGN_LOCK]:
        raise HandoverRefused(
            f"{locks:,} keys of sidekiq-unique-jobs (uniquejobs:*) on the source: its locks are not moved, and jobs whose lock stays "
            "behind may run twice or never; let the old side run dry and start both gems anew there, or take the gem out before"
        )
    if working := found.counts[KeyKind.FOREIGN_FETCH]:
        raise HandoverRefused(
            f"{working:,} keys of GitLab's reliable fetch (working:queue:*) on the source: jobs in work are in lists of its own, which are "
            "not moved; stop its workers, have the gem's cleanup put them back, and remove the gem before"
        )
    if found.unknown:
        patterns = patterns_of(found.unknown)
        raise HandoverRefused(
            f"{len(found.unknown):,} keys of Sidekiq's side that no handover knows: {', '.join(patterns)}; find out who writes them, and "
            "give them a rule in the key map (--keymap) with another destination, or `skip`"
        )


def refuse_other_runs(names: tuple[bytes, ...], runs: frozenset[bytes], server: str) -> None:
    """Raises HandoverRefused where another run than these left jobs on a server that it alone can bring to the other side: `names` of its
    own keys.
    """
    for other, lists in jobs_of_other_runs(names, runs).items():
        raise HandoverRefused(
            f"run {other} left {lists} lists of jobs on {server} (uplift:handover:{other}:*); go on with its state directory, or give "
            f"--run {other} with a new one, until `uplift sidekiq status` says that nothing is in an outbox"
        )


def patterns_of(keys: tuple[bytes, ...]) -> list[str]:
    """What keys begin with, up to their first number or separator; no whole name, since names may be secrets."""
    shapes = sorted({_pattern(key) for key in keys})
    more = [f"and {len(shapes) - _NAMES_SHOWN} more"] if len(shapes) > _NAMES_SHOWN else []
    return shapes[:_NAMES_SHOWN] + more


def _pattern(key: bytes) -> str:
    text = key.decode("utf-8", "replace")
    for at, letter in enumerate(text):
        if letter in ":|" and at:
            return text[: at + 1] + "*"
        if letter.isdigit():
            return text[:at] + "*"
    return text[:40]


def refuse_server(name: str, facts: ServerFacts) -> None:
    """Raises HandoverRefused for a server that is none to move jobs from or to. `name` is what messages call it.

    Policies that evict keys with a TTL alone are let through: jobs, ledgers and outboxes have none.
    """
    if facts.role != "master":
        raise HandoverRefused(f"{name} is a {facts.role}, expected: a primary; give the primary endpoint")
    if facts.cluster_enabled:
        raise HandoverRefused(f"{name} has cluster mode on, expected: off; Sidekiq does not work with it")
    if facts.max_memory_policy.startswith("allkeys"):
        raise HandoverRefused(
            f"{name}: maxmemory-policy {facts.max_memory_policy}: it may evict outboxes and jobs, expected: noeviction; set it in the "
            "parameter group"
        )
