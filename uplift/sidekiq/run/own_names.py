"""The keys a handover keeps for itself, by the name of its run. An outbox and what is held are jobs: `uplift clean` leaves them."""

from __future__ import annotations

from dataclasses import dataclass

from uplift.keyspace.keymap.own_keys import HANDOVER_PREFIX
from uplift.sidekiq.keys.shown_names import shown_name

PROBE = HANDOVER_PREFIX + b"probe"
"""What is written to see whether replicas get it; it expires."""

TAKEN_FROM_BY = HANDOVER_PREFIX + b"taken-from-by"
"""On a source: the name of the run that takes jobs from it."""
GATE_OF = HANDOVER_PREFIX + b"gate-of"
"""On both sides of a gate: the name of the run it is of. Another run would take switches that this one set for what was there before."""
_HOLDS_JOBS = (b"out:", b"held:")


@dataclass(frozen=True, slots=True)
class OwnNames:
    """Of one run: `source_ledger`, outboxes and kept outboxes are on the source, `gate` is on both, all else on the target."""

    run: bytes

    @property
    def source_ledger(self) -> bytes:
        """A hash: `epoch`; `next`, the number of the next chunk; `conf`, up to which all are confirmed; `o:N`, what open outbox N holds."""
        return self._name(b"src")

    @property
    def target_ledger(self) -> bytes:
        """A hash: `epoch`, and `applied`, up to which all chunks are applied."""
        return self._name(b"dst")

    @property
    def journal(self) -> bytes:
        """A hash: by the number of a chunk its place, how many jobs and their checksum; of the latest ones."""
        return self._name(b"led")

    @property
    def taken_sums(self) -> bytes:
        """On the source, a hash: by counter of the statistics what was ever taken."""
        return self._name(b"taken")

    @property
    def applied_sums(self) -> bytes:
        """On the target, a hash: by counter of the statistics what was ever added."""
        return self._name(b"sums")

    @property
    def locks(self) -> bytes:
        """On the target, a hash: by the name of a lock that was carried over the jid that holds it."""
        return self._name(b"locks")

    @property
    def on_source(self) -> tuple[bytes, ...]:
        """Those of the source that hold no job: what remains there once a run is over. The other direction has others."""
        return (self.source_ledger, self.taken_sums, self.gate)

    @property
    def on_target(self) -> tuple[bytes, ...]:
        """Those of the target that hold no job."""
        return (self.target_ledger, self.journal, self.applied_sums, self.locks, self.gate)

    def outbox(self, number: int) -> bytes:
        """A list: the jobs of a chunk; of a sorted set score, member, and so on."""
        return self._name(b"out:%d" % number)

    def kept(self, number: int) -> bytes:
        """An outbox whose chunk is confirmed, kept for a while where no replica is waited for: then what a target forgot can be named."""
        return self._name(b"kept:%d" % number)

    def held(self, name: bytes) -> bytes:
        """A list of score, member: what waits until the target's sorted set of this name has no such member any more."""
        return self._name(b"held:" + name)

    @property
    def gate(self) -> bytes:
        """A hash, the same on both sides: `epoch`; `record`, where the gate stands; switches as they were before it touched them."""
        return self._name(b"gate")

    def _name(self, what: bytes) -> bytes:
        return HANDOVER_PREFIX + self.run + b":" + what


def may_hold_jobs(name: bytes) -> bool:
    """Whether a key is an outbox of some run, one that was kept, or a list of held jobs: what is in it may be the only copy."""
    return name.startswith(HANDOVER_PREFIX) and _what(name).startswith((*_HOLDS_JOBS, b"kept:"))


def _what(name: bytes) -> bytes:
    """What a key is to its run."""
    return name.removeprefix(HANDOVER_PREFIX).partition(b":")[2]


def jobs_of_other_runs(names: tuple[bytes, ...], runs: frozenset[bytes]) -> dict[str, int]:
    """By the name of another run than these, how many of its outboxes and lists of held jobs are there: nobody would find them."""
    found: dict[str, int] = {}
    for name in names:
        other = name.removeprefix(HANDOVER_PREFIX).partition(b":")[0]
        if other not in runs and _what(name).startswith(_HOLDS_JOBS):
            shown = shown_name(other)
            found[shown] = found.get(shown, 0) + 1
    return found
