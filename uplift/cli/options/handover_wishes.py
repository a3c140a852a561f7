"""Options of `uplift sidekiq handover`: which parts are wanted, and which keys are Sidekiq's."""

from __future__ import annotations

from pathlib import Path

from uplift.cli.handover.state import MOST_JOBS_A_SECOND
from uplift.cli.options.keymap_file import sound_keymap
from uplift.errors import BadInput
from uplift.keyspace.keymap.routing import build_router
from uplift.sidekiq.handover.wishes import Part
from uplift.sidekiq.keys.key_map_rules import of_sidekiq_by
from uplift.sidekiq.keys.survey import OfSidekiq


def parts_named(text: str | None) -> frozenset[Part]:
    """--only. Raises BadInput for what is no part."""
    if text is None:
        return frozenset(Part)
    allowed = {part.value: part for part in Part}
    names = [name.strip() for name in text.split(",")]
    if unknown := [name for name in names if name not in allowed]:
        raise BadInput(f"--only {unknown[0]}: allowed: {', '.join(allowed)}")
    return frozenset(allowed[name] for name in names)


def jobs_a_second(text: str, option: str) -> float:
    """At most so many; 0: no limit. Raises BadInput for what is no such number, `inf` and `nan` too."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= MOST_JOBS_A_SECOND:
        raise BadInput(f"{option} {text}: allowed: jobs a second, 0 to {MOST_JOBS_A_SECOND:,}; 0 is no limit")
    return number


def of_sidekiq_in(keymap: Path | None) -> OfSidekiq:
    """Which keys of no known kind are Sidekiq's all the same. Raises BadInput for a map that cannot be used."""
    read = sound_keymap(keymap) if keymap is not None else None
    return of_sidekiq_by(build_router(read, tuple(read.destinations)) if read is not None else None)
