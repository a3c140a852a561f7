"""Which first words of keys may be shown: those that a key map writes down, and those that many keys share.

One lower-case word and a separator can be somebody's name. A word in a key map is in a repository already; a word that many
keys share is a kind of key, and names nobody.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from uplift.keyspace.keymap.model import KeyMap
from uplift.keyspace.keymap.pattern import first_word, without_word

LEAST_KEYS_OF_A_SHARED_WORD = 20
_LONGEST_SHOWN = 40
_UP_TO_A_SEPARATOR = re.compile(r"[^:|/]*")


def words_of(keymap: KeyMap) -> frozenset[str]:
    """The first segments of a key map's literals: a key may show one where it is the whole of its first segment."""
    texts = (text for rule in keymap.rules for text in (*rule.match.exact, *rule.match.prefix))
    firsts = (found[0] for text in texts if (found := _UP_TO_A_SEPARATOR.match(text)) is not None)
    return frozenset(word for word in firsts if 0 < len(word) <= _LONGEST_SHOWN and word.isprintable() and not word.startswith("<"))


def shared_words(keys_by_pattern: Iterable[tuple[str, int]]) -> frozenset[str]:
    """The first words that enough keys share which have something behind the separator. In: patterns and how many keys each has."""
    counts = Counter[str]()
    for pattern, keys in keys_by_pattern:
        word = first_word(pattern)
        if len(pattern) > len(word) + 1:
            counts[word] += keys
    return frozenset(word for word, keys in counts.items() if word and keys >= LEAST_KEYS_OF_A_SHARED_WORD)


def shown(pattern: str, words: frozenset[str]) -> str:
    """The pattern with a first word that is not in `words` hidden."""
    return pattern if first_word(pattern) in words else without_word(pattern)
