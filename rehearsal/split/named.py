"""The keys that the engines named: those that they could not decide, and told the operator to look at."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

_DIGEST_BYTES = 6


@dataclass(frozen=True, slots=True)
class NamedByEngine:
    """`digests` by the secret that keys them: a label ends with `#` and one of them."""

    digests: frozenset[tuple[bytes, str]] = field(default=frozenset(), repr=False)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, bytes) and any(digest == _digest(key, secret) for secret, digest in self.digests)


def named_by(documents: Iterable[dict[str, object]]) -> NamedByEngine:
    """From what each engine keeps: its secret, and the labels of the keys it named."""
    found: set[tuple[bytes, str]] = set()
    for document in documents:
        secret, labels = bytes.fromhex(str(document["secret"])), document.get("named") or {}
        assert isinstance(labels, dict)  # noqa: S101
        found |= {(secret, str(label).rpartition("#")[2]) for label in labels}
    return NamedByEngine(frozenset(found))


def read_named(state: Path) -> NamedByEngine:
    """Of all engines of a run."""
    return named_by(json.loads(path.read_text()) for path in sorted((state / "engines").glob("*/follow.json")))


def _digest(key: bytes, secret: bytes) -> str:
    return hashlib.blake2b(key, key=secret, digest_size=_DIGEST_BYTES).hexdigest()
