"""Keys that could not be decided, or belong nowhere: counted by reason, and listed by label as far as there is room."""

from __future__ import annotations

from collections import Counter

from uplift.keyspace.keymap.key_label import KeyLabels
from uplift.keyspace.keymap.own_keys import SPLIT_PREFIX

MOST_LABELS = 1_000


class NamedKeys:
    """`labels` and `by_reason` are written down with the state: a restart forgets no key.

    A key counts once for as long as its label is kept; past MOST_LABELS each time counts.
    """

    def __init__(self, labels: KeyLabels, kept: dict[str, str], by_reason: dict[str, int]) -> None:
        self._labels = labels
        self.labels = dict(kept)
        self.by_reason = Counter(by_reason)

    @property
    def count(self) -> int:
        """How many keys are named."""
        return sum(self.by_reason.values())

    def name(self, key: bytes, reason: str) -> str | None:
        """Take one; its label where it was not named before. A canary is nobody's."""
        if key.startswith(SPLIT_PREFIX):
            return None
        label = self._labels.label(key)
        if label in self.labels:
            return None
        self.by_reason[reason] += 1
        if len(self.labels) >= MOST_LABELS:
            return None
        self.labels[label] = reason
        return label
