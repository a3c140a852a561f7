"""Which keys belong to one batch: `b-BID`, and `b-BID-PART`. Reconstructed from sidekiq#3083; Pro was not run."""

from __future__ import annotations

import re

PREFIX = b"b-"
# A batch's id may have - in it: it is url-safe base 64.
_PARTS = re.compile(rb"-(jids|failinfo|failed|notify|complete|success|cbsucc|cbcomp|died|death|pending|kids|deaths)")


def by_batch(keys: tuple[bytes, ...]) -> dict[bytes, tuple[bytes, ...]]:
    """The keys of each batch by its id; the lists `batches` and `dead-batches` are of none."""
    found: dict[bytes, list[bytes]] = {}
    for key in keys:
        if not key.startswith(PREFIX):
            continue
        part = _PARTS.search(key, len(PREFIX))
        name = key[: part.start()] if part is not None and part.end() == len(key) else key
        found.setdefault(name.removeprefix(PREFIX), []).append(key)
    return {bid: tuple(names) for bid, names in found.items()}
