"""How a key is shown: its pattern and a keyed hash. Key names hold session tokens, so they are never printed."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field

from uplift.keyspace.keymap.known_words import shown
from uplift.keyspace.keymap.pattern import pattern_of


@dataclass(frozen=True, slots=True)
class KeyLabels:
    """Makes labels that can be compared within one run: the secret is the run's own and is never printed.

    `words` are the first words that may be shown (known_words.py).
    """

    secret: bytes = field(default_factory=lambda: secrets.token_bytes(16), repr=False)
    words: frozenset[str] = frozenset()

    def label(self, key: bytes) -> str:
        """Such as `vets-api-session:<text> #1f0c9a7be2d4`, or `<word>:<text> #1f0c9a7be2d4` for a word not known."""
        return f"{self.pattern(key)} #{self.digest(key)}"

    def pattern(self, key: bytes) -> str:
        """What a label begins with: keys of one kind have one pattern."""
        return shown(pattern_of(key, self.words), self.words)

    def digest(self, key: bytes) -> str:
        """Equal for equal keys of one run, and says nothing else of them."""
        return hashlib.blake2b(key, key=self.secret, digest_size=6).hexdigest()
