"""The two sides of `uplift sidekiq`, which parts are wanted, and which keys are Sidekiq's by a key map."""

from __future__ import annotations

from pathlib import Path

from uplift.cli.options.keymap_file import sound_keymap
from uplift.cli.options.redis_urls import source_endpoint, target_urls
from uplift.errors import BadInput
from uplift.keyspace.keymap.model import Action
from uplift.keyspace.keymap.routing import build_router
from uplift.keyspace.server.endpoint import Endpoint
from uplift.sidekiq.key_kinds import is_like_sidekiqs
from uplift.sidekiq.survey import OfSidekiq
from uplift.sidekiq.wishes import Part


def sidekiq_endpoints(source: str, target: str) -> tuple[tuple[Endpoint, Endpoint], int]:
    """Both, and the database, which must be the same. Raises BadInput."""
    here, databases = source_endpoint(source, None)
    (there,) = target_urls([target], named=False)
    number = databases[0] if databases else 0
    if (there.database or 0) != number:
        raise BadInput(f"--from names database {number}, and --to {there.database or 0}: allowed: the same of both")
    return (here, there.endpoint), number


def parts_named(text: str | None) -> frozenset[Part]:
    """--only. Raises BadInput for what is no part."""
    if text is None:
        return frozenset(Part)
    allowed = {part.value: part for part in Part}
    names = [name.strip() for name in text.split(",")]
    if unknown := [name for name in names if name not in allowed]:
        raise BadInput(f"--only {unknown[0]}: allowed: {', '.join(allowed)}")
    return frozenset(allowed[name] for name in names)


def of_sidekiq_by(keymap: Path | None) -> OfSidekiq:
    """Which keys of no known kind a handover may not pass over: those that a key map hands over, else those that are named like Sidekiq's.

    Raises BadInput for a map that cannot be used.
    """
    if keymap is None:
        return is_like_sidekiqs
    read = sound_keymap(keymap)
    route = build_router(read, tuple(read.destinations)).route

    def is_of_sidekiq(key: bytes) -> bool:
        rule = route(key)
        return is_like_sidekiqs(key) if rule is None else rule.action is Action.HANDOVER

    return is_of_sidekiq
