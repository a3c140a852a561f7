"""The pattern of a key: its first word, and the kind of what follows.

Key names carry session tokens, user ids and addresses, so only the first segment may stay in clear, and only when it looks
like a word somebody wrote in code, lower case letters joined by - or _, with a separator behind it. Even that can be a
name, `johnsmith:session`: whoever shows patterns hides the words that known_words.py does not vouch for.
"""

from __future__ import annotations

import re

_SEPARATORS = re.compile(rb"([:|/])")
_WORD = rb"[a-z]+(?:[-_][a-z]+)*"
_LONGEST_WORD = 40
_KINDS = (
    (rb"\d+", "<number>"),
    (rb"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", "<uuid>"),
    (rb"\d{4}-\d\d-\d\d", "<date>"),
    (rb"[0-9a-f]{8,}", "<hex>"),
    (rb"\d{1,3}(?:\.\d{1,3}){3}", "<ip>"),
    (rb"[^@\s:|/]+@[^@\s:|/]+", "<email>"),
    (_WORD, "<word>"),
)
_KIND = re.compile(b"|".join(b"(%b)" % expression for expression, _ in _KINDS))
_IS_WORD = re.compile(_WORD).fullmatch
# Most keys are a word, a colon and one more segment: one match tells both, and the few pairs of word and kind are remembered.
_WORD_AND_ONE = re.compile(rb"(%b):(?:%b|([^:|/]+))?" % (_WORD, _KIND.pattern)).fullmatch
_NAMES = ("", "", *(name for _, name in _KINDS), "<text>")
_MOST_REMEMBERED = 4_096
_MOST_SEGMENTS = 4
# A kind begins with `<`; a word of ours never does.
_FIRST_WORD = re.compile(r"([^<:|/][^:|/]*)[:|/]").match
_remembered: dict[tuple[bytes, int], str] = {}


def pattern_of(key: bytes, words: frozenset[str] = frozenset()) -> str:
    """Fold a key into its pattern, such as `vets-api-session:<text>`; equal for all keys of one kind.

    `words` are first segments that stay in clear whatever they look like, as a key that is one segment, too.
    """
    match = _WORD_AND_ONE(key)
    if match is None or match.end(1) > _LONGEST_WORD:
        return _folded(key, words)
    known = (match[1], match.lastindex or 0)
    pattern = _remembered.get(known)
    if pattern is None:
        pattern = f"{known[0].decode()}:{_NAMES[known[1]]}"
        if len(_remembered) < _MOST_REMEMBERED:
            _remembered[known] = pattern
    return pattern


def first_word(pattern: str) -> str:
    """The first segment of a pattern where it is in clear and something follows it; else nothing."""
    match = _FIRST_WORD(pattern)
    return match[1] if match is not None else ""


def without_word(pattern: str) -> str:
    """The pattern with its first word hidden, such as `<word>:<text>`."""
    word = first_word(pattern)
    return f"<word>{pattern[len(word) :]}" if word else pattern


def _folded(key: bytes, words: frozenset[str]) -> str:
    parts = _SEPARATORS.split(key)
    segments, separators = parts[::2], [part.decode() for part in parts[1::2]]
    folded = [_first(segments[0], words, alone=not separators), *(_kind_of(segment) for segment in segments[1:_MOST_SEGMENTS])]
    text = folded[0] + "".join(separator + segment for separator, segment in zip(separators, folded[1:], strict=False))
    return text + ("…" if len(segments) > _MOST_SEGMENTS else "")


def _first(segment: bytes, words: frozenset[str], *, alone: bool) -> str:
    if words and (text := segment.decode(errors="replace")) in words:
        return text
    if not alone and len(segment) <= _LONGEST_WORD and _IS_WORD(segment):
        return segment.decode()
    return _kind_of(segment)


def _kind_of(segment: bytes) -> str:
    if not segment:
        return ""
    match = _KIND.fullmatch(segment)
    return "<text>" if match is None else _NAMES[(match.lastindex or 0) + 1]
