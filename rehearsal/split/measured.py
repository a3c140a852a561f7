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
    found: list[tuple[str, float, float]] = []
    for sample in samples:
        if not sample.phase:
            continue
        if found and found[-1][0] == sample.phase:
            found[-1] = (sample.phase, found[-1][1], sample.at - found[-1][1])
        else:
            found.append((sample.phase, sample.at, 0.0))
    return found


def writes_by_side(processes: Sequence[AppProcess]) -> dict[str, dict[int, int]]:
    """Acknowledged writes by second since 1970."""
    found: dict[str, Counter[int]] = {"old": Counter(), "new": Counter()}
    for one in processes:
        found[one.side].update(int(at) for at in one.journal.get("write_times", ()))
    return {side: dict(sorted(counts.items())) for side, counts in found.items()}
