"""What a mover that begins makes of the ledgers: go on, leave it to another mover, or stop since a server forgot what it had acknowledged.

The target's ledger is one integer: chunks are applied in the order of their numbers, so it never forgets which were.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SourceLedger:
    """Of the source: `confirmed`, up to which number all chunks are; `following`, the number of the next one; `outboxes` that are there."""

    epoch: int
    following: int
    confirmed: int
    outboxes: frozenset[int]

    @property
    def open(self) -> range:
        """The numbers of chunks that were taken and are not confirmed."""
        return range(self.confirmed + 1, self.following)


@dataclass(frozen=True, slots=True)
class TargetLedger:
    """Of the target: `applied`, up to which number all chunks are; None where the ledger says nothing of it."""

    epoch: int
    applied: int | None


@dataclass(frozen=True, slots=True)
class Seen:
    """What a mover that is running saw for sure: the source has had this next number, and the target these chunks."""

    following: int = 1
    applied: int = 0


@dataclass(frozen=True, slots=True)
class Resume:
    """Go on: these chunks are applied and confirmed first, in order."""

    open: range


@dataclass(frozen=True, slots=True)
class Leave:
    """Another mover has a higher epoch."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A server forgot: nothing is moved any more. `source_forgot`: takes, else what was applied; `numbers` of the chunks in question."""

    source_forgot: bool
    numbers: range
    reason: str


NOTHING_SEEN = Seen()


def resume(source: SourceLedger, target: TargetLedger, epoch: int, seen: Seen = NOTHING_SEEN) -> Resume | Leave | Stop:
    """Decide, from both ledgers as they were read after the epochs were raised."""
    if source.epoch != epoch or target.epoch != epoch:
        return Leave()
    if target.applied is None:
        return Stop(False, range(1, source.following), "the target's ledger is gone, and the source's says that chunks were taken")
    if target.applied >= source.following:
        return Stop(True, range(source.following, target.applied + 1), "the source forgot that it gave chunks which the target has")
    if source.confirmed > target.applied:
        return Stop(False, range(target.applied + 1, source.confirmed + 1), "the target forgot chunks that it had confirmed")
    if source.following < seen.following:
        return Stop(True, range(source.following, seen.following), "the source forgot chunks that it had given")
    if target.applied < seen.applied:
        return Stop(False, range(target.applied + 1, seen.applied + 1), "the target forgot chunks that it had applied")
    missing = [number for number in source.open if number not in source.outboxes]
    # The one of a chunk that is applied may be gone: nothing is left to do with it.
    lost = [number for number in missing if number > target.applied]
    if lost:
        return Stop(True, range(lost[0], lost[-1] + 1), "the source forgot outboxes")
    return Resume(source.open)
