"""Numbers of a rehearsal, from what was sampled and from the journals: pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rehearsal.split.processes import AppProcess
from rehearsal.split.sampling import Sample


def stale_ms(samples: Sequence[Sample], way: str) -> list[float]:
    """Of one direction, ascending."""
    return sorted(ms for one in samples if (ms := one.stale_ms.get(way)) is not None)


def percentile(ordered: Sequence[float], share: float) -> float:
    """Of ascending numbers; 0 of none."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def phases_of(samples: Sequence[Sample]) -> list[tuple[str, float, float]]:
    """Name, when it began (seconds since 1970), and for how long; by what was sampled."""
    told = [one for one in samples if one.phase]
    first = [one for before, one in zip([None, *told], told, strict=False) if before is None or before.phase != one.phase]
    ends = [*(one.at for one in first[1:]), *(one.at for one in told[-1:])]
    return [(one.phase, one.at, end - one.at) for one, end in zip(first, ends, strict=True)]


def writes_by_side(processes: Sequence[AppProcess]) -> dict[str, dict[int, int]]:
    """Acknowledged writes by second since 1970."""
    found: dict[str, Counter[int]] = {"old": Counter(), "new": Counter()}
    for one in processes:
        found[one.side].update(int(at) for at in one.journal.get("write_times", ()))
    return {side: dict(sorted(counts.items())) for side, counts in found.items()}
