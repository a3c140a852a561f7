"""Decisions about what is on the servers already: keys of an earlier run, and data of others, are refused and never taken for ours."""

from __future__ import annotations

from uplift.keyspace.follow.own_keys_there import Place, del_command
from uplift.keyspace.follow.own_names import PREFIX as FOLLOW_PREFIX
from uplift.keyspace.follow.own_names import PROBE_PREFIX
from uplift.keyspace.keymap.own_keys import HANDOVER_PREFIX, SPLIT_PREFIX, TEMPORARY_PREFIX
from uplift.sidekiq.run.own_names import GATE_OF, PROBE, TAKEN_FROM_BY, may_hold_jobs
from uplift.split.preflight.check import Check, Verdict

_MOST_SHOWN = 5
_WHO_REMOVES = (
    (
        FOLLOW_PREFIX,
        "a follow's lease and canary: `uplift split abandon` or `uplift follow stop` with its state directory removes them; where nobody "
        "has that",
    ),
    (
        HANDOVER_PREFIX,
        "a handover's ledgers and perhaps jobs in outboxes: go on with its state directory until nothing is in an outbox, then "
        "`uplift sidekiq end`; only where no :out:, :held: or :kept: is among them",
    ),
    (TEMPORARY_PREFIX, "pieces and markers of a copy: `uplift clean` removes them where no copy runs; else"),
    (SPLIT_PREFIX, "a split's canaries: they expire within ten minutes; else"),
)


def check_leftovers(place: Place, names: list[bytes], *, has_begun: bool, own_handovers: frozenset[str]) -> list[Check]:
    """Own keys in one database of one server. Those of a run that has begun are its own, save another handover's."""
    found = []
    for prefix, who in _WHO_REMOVES:
        left = sorted({name for name in names if name.startswith(prefix) and not _is_nobodys(name)})
        if has_begun:
            left = [name for name in left if prefix == HANDOVER_PREFIX and not _is_of(name, own_handovers)]
        if left:
            jobs = [name for name in left if may_hold_jobs(name)]
            # What may be deleted is shown last, and jobs never are among it.
            ordered = [*jobs, *(name for name in left if name not in jobs)]
            shown = ", ".join(name.decode("ascii", "backslashreplace") for name in ordered[:_MOST_SHOWN])
            more = f" and {len(left) - _MOST_SHOWN:,} more" if len(left) > _MOST_SHOWN else ""
            how = (
                f"{len(jobs):,} of them hold jobs, perhaps the only copy: delete none of these keys"
                if jobs
                else del_command(place, left[:_MOST_SHOWN])
            )
            found.append(
                Check(
                    "leftovers",
                    Verdict.REFUSED,
                    f"{place} holds keys of another run: {shown}{more}, expected: none; {who} {how}",
                )
            )
    return found


def _is_nobodys(name: bytes) -> bool:
    """Probes expire by themselves within a minute."""
    return name == PROBE or name.startswith(PROBE_PREFIX)


def _is_of(name: bytes, handovers: frozenset[str]) -> bool:
    run = name.removeprefix(HANDOVER_PREFIX).partition(b":")[0].decode("ascii", "replace")
    return run in handovers or name in {TAKEN_FROM_BY, GATE_OF}


def check_empty(place: Place, keys: int, *, has_begun: bool) -> list[Check]:
    """A target before the first copy. `keys`: how many are there that are not Uplift's own."""
    if not keys or has_begun:
        return []
    return [
        Check(
            "targets",
            Verdict.REFUSED,
            f"{place} holds {keys:,} keys that no run of this state directory wrote, expected: an empty target; empty it, or go on with "
            "the --state of the run that wrote them",
        )
    ]
